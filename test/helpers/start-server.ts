/** Starts an embedded server for one test, and ends it with that test. */

import { onTestFinished } from 'vitest'
import { createOssServer, type OssServer, type OssServerOptions } from '../../src/server/server.js'

/**
 * A server with the bucket `bucket` (unless told otherwise), closed when the test is over. Whatever
 * fails inside the server fails the test.
 */
export async function startServer(options: OssServerOptions = {}): Promise<OssServer> {
  const errors: unknown[] = []
  const server = await createOssServer({
    buckets: ['bucket'],
    onError: (error) => errors.push(error),
    ...options,
  })
  onTestFinished(async () => {
    await server.close()
    if (errors.length > 0) throw new AggregateError(errors, 'the server failed')
  })
  return server
}
