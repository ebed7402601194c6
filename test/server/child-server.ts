/** A server in a process of its own, to be killed: prints its port, keeps everything in the folder given. */

import { createOssServer } from '../../src/server/server.js'

const [, , dataDir = ''] = process.argv
const credentials = [{ accessKeyId: 'id', accessKeySecret: 'secret' }]
const server = await createOssServer({ dataDir, credentials, buckets: ['bucket'] })
process.stdout.write(`${server.port}\n`)
