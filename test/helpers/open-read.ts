/** A read stream of an object on an embedded server of its own, with small ranges. */
import { Agent } from 'undici'
import { onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssReadStreamOptions } from '../../src/read-options.js'
import { createOssReadStream, type OssReadStream } from '../../src/read-stream.js'
import type { OssServer } from '../../src/server/server.js'
import { FAST } from './open-stream.js'
import { startServer } from './start-server.js'

export const KEY = 'dir/object'
/** Bytes of a range. */
export const RANGE = 64 * 1024

/** Stores an object, past the stream under test. */
export async function store(
  server: OssServer,
  body: Uint8Array | string,
  meta: Record<string, string> = {},
): Promise<void> {
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  await client.putObject({ key: KEY, body, meta })
  server.requests.clear()
}

/** Options of a stream with small ranges, a dispatcher of its own, and retries that take no time. */
export function readOptions(
  server: OssServer,
  options: OssReadStreamOptions = {},
): OssReadStreamOptions {
  const own = options.client === undefined && options.dispatcher === undefined
  return {
    ...(options.client === undefined && { ...server.options(), env: {}, retry: FAST }),
    ...(own && { dispatcher: ownAgent() }),
    partSize: RANGE,
    concurrency: 2,
    ...options,
  }
}

/** Connections that no other test has used. */
export function ownAgent(): Agent {
  const agent = new Agent()
  onTestFinished(() => agent.destroy())
  return agent
}

export async function openRead(
  body: Uint8Array | string,
  options: OssReadStreamOptions = {},
): Promise<{ readonly server: OssServer; readonly source: OssReadStream }> {
  const server = await startServer()
  await store(server, body)
  return {
    server,
    source: createOssReadStream(`oss://bucket/${KEY}`, readOptions(server, options)),
  }
}

/** All bytes of a stream. */
export async function read(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What reading fails with. */
export async function failing(source: OssReadStream): Promise<unknown> {
  let hasEnded = false
  source.on('end', () => {
    hasEnded = true
  })
  try {
    await read(source)
  } catch (error) {
    if (hasEnded) throw new Error('It ended before it failed', { cause: error })
    return error
  }
  throw new Error('Expected it to fail')
}

/** Ranges asked for, in order of arrival. */
export function ranges(server: OssServer): (string | undefined)[] {
  return server.requests.of('GetObject').map(({ headers }) => headers.range)
}
