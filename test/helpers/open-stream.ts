/** An upload stream to an embedded server of its own, with small parts and a trail of its events. */
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { OssServer, OssServerOptions } from '../../src/server/server.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { PART } from './new-upload.js'
import { startServer } from './start-server.js'

export interface Opened {
  readonly server: OssServer
  readonly out: OssWriteStream
  /** What the server was asked and what the stream emitted, in order. */
  readonly trail: string[]
}

export const KEY = 'dir/object'

/** Options of a stream with parts of 100 KiB, and of retries that take no time. */
export function streamOptions(
  server: OssServer,
  options: OssWriteStreamOptions = {},
): OssWriteStreamOptions {
  return {
    ...(options.client === undefined && { ...server.options(), env: {}, retry: FAST }),
    partSize: PART,
    concurrency: 2,
    ...options,
  }
}

/** As many attempts as usual, without a wait between them. */
export const FAST = { baseDelayMs: 0 }

export async function openStream(
  options: OssWriteStreamOptions = {},
  serverOptions: OssServerOptions = {},
): Promise<Opened> {
  const server = await startServer(serverOptions)
  const out = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server, options))
  return { server, out, trail: trailOf(server, out) }
}

/** The standard events and ours in the order they come; requests are told by the server's trace. */
export function trailOf(server: OssServer, out: OssWriteStream): string[] {
  const trail: string[] = []
  let seen = 0
  const note = (name: string) => {
    for (const { operation, partNumber } of server.requests.all.slice(seen)) {
      trail.push(partNumber === undefined ? `${operation}` : `${operation} ${partNumber}`)
    }
    seen = server.requests.all.length
    trail.push(name)
  }
  for (const name of ['uploadId', 'prefinish', 'finish', 'error', 'close']) {
    out.on(name, () => note(name))
  }
  out.on('part', ({ partNumber }) => note(`part ${partNumber}`))
  return trail
}

/** The object as it stands on the server. */
export function stored(server: OssServer): Promise<Buffer> | undefined {
  return server.objects.get('bucket', KEY)?.content()
}

/** Waits for `close`, and gives the error if there was one. */
export function ending(out: OssWriteStream): Promise<unknown> {
  return new Promise((resolve) => {
    let failure: unknown
    out.once('error', (error) => {
      failure = error
    })
    if (out.closed) resolve(out.errored ?? undefined)
    else out.once('close', () => resolve(failure))
  })
}
