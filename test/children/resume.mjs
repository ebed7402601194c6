/**
 * Uploads argv[2] to argv[4] with the checkpoint argv[3], telling what happens line by line; to be killed.
 * In plain JavaScript over dist/, because it is started dozens of times. argv[5]: `seek` to begin
 * behind what is stored. argv[6]: before the so-many-th change of the checkpoint's folder it stops for good.
 */
import { createReadStream } from 'node:fs'
import * as fs from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, fileCheckpoint } from '../../dist/index.js'

const [, , path, checkpoint, target, way, stopAt] = process.argv
let changes = 0

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function beforeChange() {
  changes++
  if (changes !== Number(stopAt)) return
  tell({ stopped: changes })
  await new Promise(() => setInterval(() => {}, 1e6))
}

const stoppingFs = {
  readFile: fs.readFile,
  rename: (from, to) => beforeChange().then(() => fs.rename(from, to)),
  rm: (name, options) => beforeChange().then(() => fs.rm(name, options)),
  open: async (name, flags, mode) => {
    await beforeChange()
    const file = await fs.open(name, flags, mode)
    return {
      writeFile: (text) => beforeChange().then(() => file.writeFile(text)),
      sync: () => beforeChange().then(() => file.sync()),
      close: () => file.close(),
    }
  },
}

const out = createOssWriteStream(target, {
  partSize: 100 * 1024,
  retry: { baseDelayMs: 0 },
  checkpoint: fileCheckpoint(checkpoint, { fs: stoppingFs }),
  ...(way === 'seek' && { sourceVersion: '1' }),
})
out.on('resume', (resumed) => tell({ resumed }))
const start = await out.skipStored()
await pipeline(createReadStream(path, { start }), out)
tell({ size: out.result.size })
