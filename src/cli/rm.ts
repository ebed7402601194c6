/** `osspipe rm`: objects by name, or all with a prefix that are old enough. */
import { type DeleteObjectsResult, type OssClient, OssError } from '../index.js'
import { inLine, objectName, prefixName } from './address.js'
import { objectPages } from './all-objects.js'
import { clientFor } from './connected.js'
import type { Arguments, Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { RM } from './descriptions/rm.js'
import { messageOf } from './failure.js'
import { count } from './format.js'
import { Console } from './output.js'
import { PartialFailure } from './partial-failure.js'
import { CommandError, UsageError } from './usage-error.js'

type Options = OptionsOf<typeof RM>

export async function run(
  context: Context,
  { operands }: Arguments,
  options: Options,
): Promise<number> {
  const console = new Console(context, options)
  checkOptions(operands, options)
  const dryRun = options.dryRun === true
  // The service's answer is the same whether there was anything to delete.
  const ifPresent = options.force === true && !options.recursive
  const deleted: string[] = []
  const result = { dryRun, ifPresent, deleted }
  const tell = telling(dryRun, ifPresent)
  let number = 0
  try {
    for await (const victims of groups(context, console, operands, options)) {
      const { keys, failed } = dryRun ? { ...victims, failed: [] } : await deleteAll(victims)
      for (const key of keys) {
        const name = `oss://${victims.bucket}/${key}`
        number++
        // What is told at once is not kept: there may be very many.
        if (console.json) deleted.push(name)
        console.note(tell(inLine(name)))
      }
      const [first, ...others] = failed
      for (const { error } of others) console.complain(messageOf(error))
      if (first !== undefined) throw first.error
    }
  } catch (error) {
    if (dryRun || number === 0) throw error
    const message = `${messageOf(error)} (after ${count(number, 'deletion')})`
    throw new PartialFailure(message, { done: result, cause: error })
  }
  if (options.recursive) console.note(`${count(number, 'object')}${dryRun ? ' to be deleted' : ''}`)
  await console.result(result)
  return 0
}

/** What is said of each name. */
function telling(isDryRun: boolean, isUnseen: boolean): (name: string) => string {
  if (isDryRun) return (name) => `would delete ${name}${isUnseen ? ', if it is there' : ''}`
  return (name) => `deleted ${name}${isUnseen ? ', if it was there' : ''}`
}

/** Objects of one bucket that are deleted together, in the order in which they are told. */
interface Group {
  readonly client: OssClient
  readonly bucket: string
  readonly keys: readonly string[]
}

type Deletion = Pick<DeleteObjectsResult, 'failed'> & { readonly keys: readonly string[] }

async function deleteAll({ client, keys }: Group): Promise<Deletion> {
  const [key = ''] = keys
  if (keys.length === 1) {
    await client.deleteObject({ key })
    return { keys, failed: [] }
  }
  const { deleted, failed } = await client.deleteObjects({ keys })
  return { keys: deleted.map((each) => each.key), failed }
}

function checkOptions(operands: readonly string[], options: Options): void {
  const { recursive, olderThan } = options
  if (olderThan !== undefined && !recursive) {
    throw new UsageError('Expected --older-than together with --recursive')
  }
  // All are looked at before the first is deleted.
  if (!recursive) for (const operand of operands) objectName(operand)
  else if (operands.length > 1 || prefixName(operands[0] ?? '').prefix === '') {
    throw new UsageError('Expected --recursive with one oss://BUCKET/PREFIX that is not all of it')
  }
}

/** One by one where they are named: each is looked for first, unless `force` forgoes it. Recursively by the page, 1000 at most. */
async function* groups(
  context: Context,
  console: Console,
  operands: readonly string[],
  options: Options,
): AsyncGenerator<Group, void, undefined> {
  if (!options.recursive) {
    // Every bucket is looked at before the first object is deleted.
    const named = operands.map((operand) => {
      const { bucket, key } = objectName(operand)
      return { operand, bucket, key, client: clientFor(bucket, context, options, console) }
    })
    for (const { operand, bucket, key, client } of named) {
      if (options.force || (await exists(client, key, operand))) {
        yield { client, bucket, keys: [key] }
      }
    }
    return
  }
  const { bucket, prefix } = prefixName(operands[0] ?? '')
  const client = clientFor(bucket, context, options, console)
  const { olderThan } = options
  const limit = olderThan === undefined ? Number.POSITIVE_INFINITY : context.clock.now() - olderThan
  for await (const { objects } of objectPages(client, prefix, false)) {
    const keys = objects.flatMap(({ key, lastModified }) =>
      // What does not tell its age is nobody's to delete by age.
      olderThan === undefined || Date.parse(lastModified) < limit ? [key] : [],
    )
    if (keys.length > 0) yield { client, bucket, keys }
  }
}

/** The service deletes what is not there without a word. A 404 of anything else, as of the bucket, tells what is missing. */
async function exists(client: OssClient, key: string, name: string): Promise<boolean> {
  try {
    await client.headObject({ key })
    return true
  } catch (error) {
    if (!(error instanceof OssError && 'ossCode' in error && error.ossCode === 'NoSuchKey')) {
      throw error
    }
    throw new CommandError(`There is no object ${inLine(name)}`, 1, { cause: error })
  }
}
