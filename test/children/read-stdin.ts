/** Tells how many bytes standard input has; with `exit` it ends by itself while it waits for the first. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFileSource } from '../../src/file-source.js'

const source = createFileSource(0)
let size = 0
source.on('data', (chunk: Buffer) => {
  size += chunk.byteLength
})
source.on('end', () => console.log(size))
if (process.argv[2] === 'exit') {
  for (let turn = 0; turn < 10; turn++) await nextTurn()
  process.exit(7)
}
