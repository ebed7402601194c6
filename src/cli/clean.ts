/** `osspipe clean`: ends unfinished uploads that are old enough, or the one that is named. */
import { type ListedUpload, OssError } from '../index.js'
import { inLine, objectName, prefixName } from './address.js'
import { clientFor } from './connected.js'
import type { Arguments, Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { CLEAN } from './descriptions/clean.js'
import { messageOf } from './failure.js'
import { count } from './format.js'
import { Console } from './output.js'
import { CommandError, UsageError } from './usage-error.js'

type Options = OptionsOf<typeof CLEAN>

export async function run(
  context: Context,
  { operands }: Arguments,
  options: Options,
): Promise<number> {
  const console = new Console(context, options)
  const { uploadId, olderThan } = options
  const [operand = ''] = operands
  if (uploadId !== undefined && olderThan === undefined) {
    return cleanOne(context, console, operand, uploadId, options)
  }
  if (olderThan === undefined || uploadId !== undefined) {
    throw new UsageError('Expected either --older-than AGE or --upload-id ID')
  }
  const { bucket, prefix } = prefixName(operand)
  const client = clientFor(bucket, context, options, console)
  const dryRun = options.dryRun === true
  const { cleaned, kept, failed } = await client.cleanUploads({ prefix, olderThan, dryRun })
  for (const upload of cleaned) console.note(`${did(dryRun)} ${uploadText(bucket, upload)}`)
  for (const { upload, error } of failed) {
    console.complain(`could not end ${uploadText(bucket, upload)}: ${error.message}`)
  }
  console.note(
    `${count(cleaned.length, 'upload')} ${dryRun ? 'would be ended' : 'ended'}, ${kept} too young`,
  )
  await console.result({
    ...{ bucket, prefix, dryRun, cleaned, kept },
    failed: failed.map(({ upload, error }) => ({ ...upload, error: messageOf(error) })),
  })
  return failed.length === 0 ? 0 : 3
}

async function cleanOne(
  context: Context,
  console: Console,
  operand: string,
  uploadId: string,
  options: Options,
): Promise<number> {
  const { bucket, key } = objectName(operand)
  const client = clientFor(bucket, context, options, console)
  const upload = { key, uploadId }
  const dryRun = options.dryRun === true
  let hasEnded = false
  try {
    if (dryRun) await client.listParts({ key, uploadId, maxParts: 1 })
    else await client.abortMultipartUpload({ key, uploadId })
  } catch (error) {
    hasEnded = error instanceof OssError && 'ossCode' in error && error.ossCode === 'NoSuchUpload'
    if (!hasEnded) {
      const message = `Could not end ${uploadText(bucket, upload)}: ${messageOf(error)}`
      throw new CommandError(message, 3, { cause: error })
    }
  }
  const what = hasEnded ? 'has ended already:' : did(dryRun)
  console.note(`${what} ${uploadText(bucket, upload)}`)
  const cleaned = hasEnded ? [] : [upload]
  await console.result({ bucket, prefix: key, dryRun, cleaned, kept: 0, failed: [] })
  return 0
}

function did(dryRun: boolean): string {
  return dryRun ? 'would end' : 'ended'
}

function uploadText(bucket: string, { key, uploadId, initiated }: ListedUpload): string {
  const since = initiated === undefined ? '' : `, begun ${initiated}`
  return `${uploadId} of ${inLine(`oss://${bucket}/${key}`)}${since}`
}
