/** `osspipe check`: everything a backup needs, tried out before it is needed. */
import { randomBytes } from 'node:crypto'
import { InvalidOptionError, type OssClient } from '../index.js'
import { prefixName } from './address.js'
import { checkBucket, checkClock, checkLifecycle } from './check-bucket.js'
import { type Finding, PROBES, type Trial, tryProbe } from './check-probes.js'
import { clientFor } from './connected.js'
import type { Arguments, Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { CHECK } from './descriptions/check.js'
import { listenForSignals } from './interruption.js'
import { Console } from './output.js'

type Options = OptionsOf<typeof CHECK>

export async function run(
  context: Context,
  { operands }: Arguments,
  options: Options,
): Promise<number> {
  const console = new Console(context, options)
  const { bucket, prefix } = prefixName(operands[0] ?? '')
  const findings: Finding[] = []
  for await (const finding of look(context, console, bucket, prefix, options)) {
    findings.push(finding)
    if (!console.json) await console.write(findingLine(finding))
  }
  const failed = findings.filter(({ status }) => status === 'fail')
  await console.result({ bucket, prefix, isReady: failed.length === 0, findings })
  console.note(
    failed.length === 0
      ? `Backups to oss://${bucket}/${prefix} can work.`
      : `Backups to oss://${bucket}/${prefix} cannot work yet.`,
  )
  if (failed.length === 0) return 0
  return failed.some(({ isDenied }) => isDenied) ? 6 : 1
}

export function findingLine({ status, name, text, advice }: Finding): string {
  const todo = advice === undefined ? '' : `\n${' '.repeat(34)}→ ${advice}`
  return `${status.padEnd(5)} ${name.padEnd(27)} ${text}${todo}\n`
}

async function* look(
  context: Context,
  console: Console,
  bucket: string,
  prefix: string,
  options: Options,
): AsyncGenerator<Finding, void, undefined> {
  let client: OssClient
  try {
    client = clientFor(bucket, context, options, console)
  } catch (error) {
    if (!(error instanceof InvalidOptionError) || error.option !== 'credentials') throw error
    const advice = 'set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET'
    yield { status: 'fail', name: 'credentials', text: 'none', advice, isDenied: true }
    return
  }
  const interruption = listenForSignals(
    context,
    ({ signal }) => console.note(`${signal}: cleaning up`),
    () => undefined,
  )
  const trial: Trial = {
    ...{ client, prefix, signal: interruption.signal, now: () => context.clock.now() },
    key: `${prefix}.osspipe-check-${randomBytes(8).toString('hex')}`,
    ...{ uploadId: undefined, hasObject: false, mayHaveObject: false, skewMs: undefined },
  }
  try {
    const found = await checkBucket(client, bucket, trial.signal)
    yield* found
    if (found.some(({ status }) => status === 'fail')) return
    for (const probe of PROBES) yield await tryProbe(probe, trial)
    yield checkClock(trial.skewMs)
    yield await checkLifecycle(client, prefix, trial.signal)
  } finally {
    yield* await takeAway(trial)
    interruption.dispose()
  }
}

/** Removes what the probes have left, also after a signal; says what stays. */
async function takeAway(trial: Trial): Promise<Finding[]> {
  const { client, key, uploadId, hasObject, mayHaveObject } = trial
  const left: Finding[] = []
  const name = 'left behind'
  if (uploadId !== undefined) {
    await client.abortMultipartUpload({ key, uploadId }).catch(() => {
      // That it may not be ended has been told already; it holds no part, and costs nothing.
      const text = `the unfinished upload ${uploadId} of ${key}, without parts`
      left.push({ status: 'warn', name, text, advice: 'a lifecycle rule removes it' })
    })
  }
  if (hasObject || mayHaveObject) {
    await client.deleteObject({ key }).catch(() => {
      if (!hasObject) return
      left.push({ status: 'warn', name, text: `the object ${key}`, advice: 'delete it' })
    })
  }
  return left
}
