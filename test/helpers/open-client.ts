/** An impatient client of an embedded server of its own, whose fault script says what goes wrong. */
import type { OssClient } from '../../src/client/client.js'
import type { OssClientOptions } from '../../src/client/options.js'
import type { OssServerOptions } from '../../src/server/server.js'
import { startServer } from './start-server.js'
import { testClient } from './test-client.js'

export async function openClient(
  options: OssClientOptions = {},
  serverOptions: OssServerOptions = {},
) {
  const server = await startServer(serverOptions)
  const { credentials } = server.options()
  return { server, ...testClient(server.url, { credentials, ...options }) }
}

/** Begins an upload of `k`, with these parts from 1 on. */
export async function begin(client: OssClient, ...bodies: readonly string[]) {
  const key = 'k'
  const { uploadId } = await client.initiateMultipartUpload({ key })
  const parts: { partNumber: number; etag: string }[] = []
  for (const body of bodies) {
    const partNumber = parts.length + 1
    const { etag } = await client.uploadPart({ key, uploadId, partNumber, body })
    parts.push({ partNumber, etag })
  }
  return { key, uploadId, parts }
}
