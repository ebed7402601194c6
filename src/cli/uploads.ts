/** `osspipe uploads`: what was begun and neither completed nor given up. */
import type { ListedUpload, OssClient } from '../index.js'
import { OssError } from '../index.js'
import { inLine, prefixName } from './address.js'
import { clientFor } from './connected.js'
import type { Arguments, Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { UPLOADS } from './descriptions/uploads.js'
import { count, formatSize } from './format.js'
import { Console } from './output.js'

interface Parts {
  readonly parts?: number
  /** Bytes of all parts. */
  readonly size?: number
}

/** An upload, with what its parts are if that was asked for. */
export interface FoundUpload extends ListedUpload, Parts {}

export async function run(
  context: Context,
  { operands }: Arguments,
  options: OptionsOf<typeof UPLOADS>,
): Promise<number> {
  const console = new Console(context, options)
  const { bucket, prefix } = prefixName(operands[0] ?? '')
  const client = clientFor(bucket, context, options, console)
  const found: FoundUpload[] = []
  let [number, size] = [0, 0]
  for await (const upload of client.listUploads({ prefix })) {
    const parts: Parts | undefined = options.parts ? await partsOf(client, upload) : {}
    // It has ended since it was listed.
    if (parts === undefined) continue
    number++
    size += parts.size ?? 0
    // What is told at once is not kept: there may be very many.
    if (console.json) found.push({ ...upload, ...parts })
    else await console.write(uploadLine({ ...upload, ...parts }))
  }
  const bytes = options.parts ? `, ${formatSize(size)} in parts` : ''
  console.note(`${count(number, 'unfinished upload')}${bytes}`)
  await console.result({ bucket, prefix, uploads: found })
  return 0
}

export function uploadLine({ key, uploadId, initiated = '', parts, size }: FoundUpload): string {
  const bytes =
    parts === undefined || size === undefined
      ? ''
      : ` (${count(parts, 'part')}, ${count(size, 'byte')})`
  return `${initiated} ${uploadId} ${inLine(key)}${bytes}\n`
}

async function partsOf(
  client: OssClient,
  { key, uploadId }: ListedUpload,
): Promise<Parts | undefined> {
  let [parts, size] = [0, 0]
  try {
    for await (const part of client.iterateParts({ key, uploadId })) {
      parts++
      size += part.size
    }
    return { parts, size }
  } catch (error) {
    if (error instanceof OssError && 'ossCode' in error && error.ossCode === 'NoSuchUpload') {
      return undefined
    }
    throw error
  }
}
