/**
 * The process under measurement: the built server on disk, which tells its CPU time when asked.
 * JavaScript, because a loader for TypeScript in the same process costs a fifth more (its heap is marked too).
 */

import { createOssServer } from '../../dist/server/server.js'

const [, , dataDir] = process.argv
const server = await createOssServer({ dataDir, buckets: ['bucket'] })
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ seconds: (user + system) / 1e6 })
})
process.send?.({ port: server.port, options: server.options() })
process.once('disconnect', () => server.close())
