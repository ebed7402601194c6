/**
 * CRC-64/XZ of one, two or four runs of bytes at once, eight bytes a step by table slicing: chains
 * of lookups that do not wait for one another. `crc64x2(state, p0, p1, blocks)` takes `blocks` times
 * 64 bytes from each address; `state` is the address of the first of its words.
 */
import { CRC64_TABLES } from './layout.js'
import {
  type Code,
  type FunctionSource,
  get,
  i32,
  i64,
  type Local,
  set,
  whileTrue,
} from './wasm-emitter.js'

/** The polynomial 0x42F0E1EBA9EA3693 with its bits reversed. */
const POLYNOMIAL = 0xc96c5795d7870f42n

/** Returns the kernel for `runs` runs of bytes. */
export function crc64Kernel(runs: 1 | 2 | 4): FunctionSource {
  return {
    name: `crc64x${runs}`,
    params: ['i32', ...Array<'i32'>(runs).fill('i32'), 'i32'],
    body: ([state, ...rest], local) => {
      const count = rest.pop()
      if (state === undefined || count === undefined) throw new RangeError('No parameters')
      const lanes = rest.map((pointer, index) => ({
        pointer,
        slot: 8 * index,
        crc: local('i64'),
        input: local('i64'),
      }))
      return [
        set(count, i32.shl(get(count), 3)),
        lanes.map(({ crc, slot }) => set(crc, i64.load(get(state), slot))),
        whileTrue(get(count), [
          lanes.map(({ crc, input, pointer }) => [
            set(input, i64.xor(get(crc), i64.load(get(pointer)))),
            set(crc, lookUp(input)),
            set(pointer, i32.add(get(pointer), i32.const(8))),
          ]),
          set(count, i32.sub(get(count), i32.const(1))),
        ]),
        lanes.map(({ crc, slot }) => i64.store(get(state), get(crc), slot)),
      ]
    },
  }
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

/** The eight bytes of `input`, each in the table of what it comes to behind those that follow. */
function lookUp(input: Local): Code {
  const lookUps = Array.from({ length: 8 }, (_, byte): Code => {
    const half = i32.wrap(byte < 4 ? get(input) : i64.shr(get(input), 32))
    const shift = 8 * (byte % 4)
    const scaled =
      shift === 0
        ? i32.shl(i32.and(half, i32.const(255)), 3)
        : i32.and(i32.shr(half, shift - 3), i32.const(255 << 3))
    return i64.load(scaled, CRC64_TABLES + 2048 * (7 - byte))
  })
  return lookUps.reduce(i64.xor)
}
