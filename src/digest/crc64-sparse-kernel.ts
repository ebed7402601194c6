/**
 * CRC-64/XZ without a table, sixteen bytes a step. A multiple of the generator with eight terms,
 * x^1403 and seven below it, says: a byte may be taken out of the bits to be divided if it is added
 * (xor) to the seven that stand `DISTANCES` bytes behind it. What is left after the last is as long
 * as the longest distance, and so little that any CRC-64 will do for it.
 *
 * The multiple is one in powers of x; since squaring is linear over GF(2) it is one in powers of x^8,
 * whole bytes, just the same. The test divides it. Those of fewer terms span 16 KiB and more.
 */
import { type FunctionSource, get, i32, set, v128, whileTrue } from './wasm-emitter.js'

/** Bytes from one that is taken out to those it is added to, ascending. At least a step's. */
export const DISTANCES = [117, 152, 241, 395, 894, 1250, 1403] as const

/** Bytes of a step: two vectors, for a register each. */
export const SPARSE_STEP = 32

/** Bytes before the first, and after the last, that the kernel has to do with: whole steps. */
export const SPARSE_REACH = 1408

/**
 * `crc64sparse(taken, from, to, steps)` writes to `to` what stands at `from` once everything is added
 * that was taken out up to `DISTANCES` before `taken`. All three move on by a step; they may be the
 * same address. What stands before the first byte must be zero.
 */
export const crc64Sparse: FunctionSource = {
  name: 'crc64sparse',
  params: ['i32', 'i32', 'i32', 'i32'],
  body: ([taken, from, to, steps], local) => {
    if (!taken || !from || !to || !steps) throw new RangeError('No parameters')
    // Offsets of loads are unsigned: so the address is that of the furthest.
    const back = local('i32')
    const sums = [0, 16].map((at) => ({ at, sum: local('v128') }))
    const forth = [back, from, to].map((at) => set(at, i32.add(get(at), i32.const(SPARSE_STEP))))
    return [
      set(back, i32.sub(get(taken), i32.const(SPARSE_REACH))),
      whileTrue(get(steps), [
        sums.map(({ at, sum }) => {
          const added = DISTANCES.map((far) => v128.load(get(back), SPARSE_REACH + at - far))
          return set(sum, [v128.load(get(from), at), ...added].reduce(v128.xor))
        }),
        sums.map(({ at, sum }) => v128.store(get(to), get(sum), at)),
        forth,
        set(steps, i32.sub(get(steps), i32.const(1))),
      ]),
    ]
  },
}
