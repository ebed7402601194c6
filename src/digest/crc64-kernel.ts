/**
 * CRC-64/XZ of a run of bytes where it lies: how, says crc64-fold.ts. `crc64(state, pointer, blocks)`
 * takes `blocks` times 64 bytes from there; `state` is the address of the register.
 */
import { crc64Fold } from './crc64-fold.js'
import type { FunctionSource } from './wasm-emitter.js'

/** The polynomial 0x42F0E1EBA9EA3693 with its bits reversed. */
const POLYNOMIAL = 0xc96c5795d7870f42n

export const crc64Kernel: FunctionSource = {
  name: 'crc64',
  params: ['i32', 'i32', 'i32'],
  body: ([state, pointer, blocks], local) => {
    if (!state || !pointer || !blocks) throw new RangeError('No parameters')
    const pointers = [pointer]
    return crc64Fold(
      { state, pointers, blocks, block: (take) => [0, 1, 2, 3].map((quarter) => take(0, quarter)) },
      local,
    )
  },
}

/**
 * Returns the eight tables, one after the other: entry `256 * k + v` is what byte `v` comes to
 * after `k` zero bytes. In pairs of 32-bit words, low one first: BigInt takes ten times as long.
 */
export function crc64Tables(): Int32Array {
  const tables = new Int32Array(2 * 8 * 256)
  const polynomialLow = Number(BigInt.asIntN(32, POLYNOMIAL))
  const polynomialHigh = Number(POLYNOMIAL >> 32n)
  const word = (index: number) => tables[index] ?? 0
  for (let v = 0; v < 256; v++) {
    let [low, high] = [v, 0]
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (carry) [low, high] = [low ^ polynomialLow, high ^ polynomialHigh]
    }
    tables.set([low, high], 2 * v)
  }
  for (let i = 512; i < tables.length; i += 2) {
    const [low, high] = [word(i - 512), word(i - 511)]
    const behind = 2 * (low & 255)
    tables[i] = ((low >>> 8) | (high << 24)) ^ word(behind)
    tables[i + 1] = (high >>> 8) ^ word(behind + 1)
  }
  return tables
}
