/**
 * Uploads the file argv[2] and tells the most memory it held. argv[3]: `maxMemory`, which is 0 for parts
 * of 100 KiB and what goes with them; argv[4]: where its checkpoint is kept.
 */
import { fileCheckpoint, uploadFile } from '../../src/index.js'

const [, , path = '', maxMemory = '0', checkpoint] = process.argv
let [mostHeld, mostBuffers] = [0, 0]
console.log('')
const { size } = await uploadFile(path, 'oss://bucket/key', {
  ...(maxMemory === '0' ? { partSize: 100 * 1024 } : { maxMemory: Number(maxMemory) }),
  ...(checkpoint !== undefined && { checkpoint: fileCheckpoint(checkpoint) }),
  retry: { baseDelayMs: 0 },
  hashing: 'inline',
  onProgress({ heldBytes }) {
    mostHeld = Math.max(mostHeld, heldBytes)
    mostBuffers = Math.max(mostBuffers, process.memoryUsage().arrayBuffers)
  },
})
console.log(JSON.stringify({ size, mostHeld, mostBuffers }))
