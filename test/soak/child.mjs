/**
 * Uploads argv[2] to argv[4] with the checkpoint argv[3], and says in one line what came of it; to be
 * killed. In plain JavaScript over dist/, because it is started again and again.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, fileCheckpoint } from '../../dist/index.js'

const [, , path, checkpoint, key, way, options] = process.argv
const out = createOssWriteStream({
  ...JSON.parse(options),
  bucket: 'bucket',
  key,
  checkpoint: fileCheckpoint(checkpoint),
  ...(way === 'seek' && { sourceVersion: '1' }),
})
let retries = 0
let resumed = false
out.on('retry', () => retries++)
out.on('resume', ({ reason }) => {
  resumed = reason === undefined || reason === 'differs'
})

function codesOf(error) {
  return error instanceof Error ? [error.code ?? error.name, ...codesOf(error.cause)] : []
}

let failure
try {
  const start = await out.skipStored()
  await pipeline(createReadStream(path, { start }), out)
} catch (error) {
  failure = error
}
await out.settled
const { outcome, abortError, uploadId, result } = out
const claim = {
  success: failure === undefined,
  outcome,
  errorOutcome: failure?.outcome,
  codes: codesOf(failure),
  saidNotCleaned: abortError !== undefined,
  uploadId,
  result,
}
process.stdout.write(`${JSON.stringify({ claim, retries, resumed, text: String(failure) })}\n`)
