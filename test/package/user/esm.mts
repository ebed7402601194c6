/** What a user with ES modules writes; compiled against the packed types, and run. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  createOssReadStream,
  createOssWriteStream,
  OssClient,
  type OssWriteStreamOptions,
  UploadError,
  type UploadResult,
  uploadToOss,
} from 'osspipe'
import { createOssServer } from 'osspipe/server'

const server = await createOssServer({ buckets: ['demo'] })
const options: OssWriteStreamOptions = { ...server.options(), partSize: 102_400 }
const input = Buffer.alloc(300_000, 'osspipe')

const out = createOssWriteStream('oss://demo/many-parts', options)
let listed = 0
out.on('part', (part) => {
  listed += part.size
})
// @ts-expect-error: what a part is, the types know
out.off('part', (part: string) => part)
await pipeline(Readable.from([input.subarray(0, 1000), input.subarray(1000)]), out)
const result: UploadResult | undefined = out.result
const { parts } = await uploadToOss('one part', 'oss://demo/one-part', options)

const hash = createHash('md5')
for await (const chunk of createOssReadStream('oss://demo/many-parts', server.options())) {
  hash.update(chunk)
}
const isWhole =
  listed === input.byteLength &&
  hash.digest('hex') === createHash('md5').update(input).digest('hex')

const client = new OssClient({ ...server.options(), bucket: 'nowhere' })
const failure: unknown = await uploadToOss('x', { client, key: 'k' }).catch((error) => error)
const code = failure instanceof UploadError ? failure.ossCode : undefined

console.log(JSON.stringify({ node: process.version, parts: [result?.parts, parts], isWhole, code }))
await server.close()
