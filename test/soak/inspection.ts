/** Looks into the server: what stands at a key, what is unfinished, who wrote there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { OssClient } from '../../src/client/client.js'
import type { OssServer } from '../../src/server/server.js'
import type { ObjectTruth, Truth } from './ledger.js'
import { sha256 } from './source.js'

export const BUCKET = 'bucket'
/** User metadata of what the soak itself has put there. */
const OLD = 'soak-old'
const MARKER = 'osspipe-upload'

/** Puts an object there, past the wire. */
export async function putBefore(server: OssServer, key: string, body: Buffer): Promise<void> {
  const client = new OssClient({ ...server.options(), bucket: BUCKET, env: {} })
  await client.putObject({ key, body, meta: { [OLD]: 'yes' } })
}

export async function objectAt(server: OssServer, key: string): Promise<ObjectTruth | undefined> {
  const object = server.objects.get(BUCKET, key)
  if (object === undefined) return undefined
  return {
    size: object.size,
    sha256: sha256(await object.content()),
    marker: object.meta[MARKER],
    isOld: OLD in object.meta,
  }
}

export async function truthOf(server: OssServer, key: string): Promise<Truth> {
  const markers = server.requests.all
    .filter((request) => request.key === key)
    .flatMap(({ headers }) => headers[`x-oss-meta-${MARKER}`] ?? [])
  const uploads = server.uploads
    .list(BUCKET)
    .filter((upload) => upload.key === key)
    .map(({ uploadId, parts }) => ({ uploadId, parts: parts.length }))
  return { object: await objectAt(server, key), uploads, markers: [...new Set(markers)] }
}

/** Resolves when the server is done with every request for the key. */
export async function idle(server: OssServer, key: string): Promise<void> {
  const isBusy = () =>
    server.requests.all.some((request) => request.key === key && request.at === 'arrived')
  while (isBusy()) await sleep(5)
}
