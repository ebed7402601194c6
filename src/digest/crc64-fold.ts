/**
 * CRC-64/XZ of runs of bytes by crc64-sparse-kernel.ts's equation, next to something else: all but the
 * end of a run is taken out of it, sixteen bytes at a time, and what that leaves is looked up in
 * tables. The bytes are only read: what is taken out of them goes to the scratch room.
 *
 *     scratch of a run:  history | block ............
 */
import { DISTANCES, SPARSE_REACH } from './crc64-sparse-kernel.js'
import { CRC64_TABLES } from './layout.js'
import {
  type Code,
  choose,
  clear,
  get,
  i32,
  i64,
  type Local,
  move,
  type NewLocal,
  scratchAddress,
  set,
  v128,
  whileTrue,
} from './wasm-emitter.js'

const BLOCK = 64
/** Bytes before the present ones that still matter. */
const HISTORY = SPARSE_REACH
/** Blocks at the end of a run that are looked up. */
const REST = HISTORY / BLOCK
/** Blocks that are folded before the history is moved to the front again. */
const TURN = 64
/** Scratch room of a run. No power of two: runs would drive each other out of the cache. */
const RUN_SIZE = HISTORY + BLOCK * TURN + 3 * BLOCK

/** Bytes of scratch room that so many runs take. */
export function foldScratchSize(runs: number): number {
  return runs * RUN_SIZE
}

export interface Fold {
  /** One local for each run: where its next bytes are. */
  readonly pointers: readonly Local[]
  /** The number of blocks that all runs have. */
  readonly blocks: Local
  /** Holds the address of the runs' CRC-64 registers, which lie `offset` bytes behind it. */
  readonly state: Local
  readonly offset?: number
  /** If given, runs whose bit is not set keep their register. */
  readonly lanes?: Local
  /** What is done with a block: all that `take(run, quarter)` returns, and whatever else. */
  block(take: (run: number, quarter: number) => Code): Code
  /** What is done before the last blocks, `blocks` of them, are looked up. */
  readonly beforeRest?: Code
}

/** Takes the registers of all runs on by `blocks` blocks. */
export function crc64Fold(fold: Fold, local: NewLocal): Code {
  const { pointers, blocks, state, offset = 0, lanes } = fold
  const folded = local('i32')
  const count = local('i32')
  /** What is taken out now is written `HISTORY` bytes behind it. */
  const place = local('i32')
  const input = local('i64')
  const crcs = pointers.map(() => local('i64'))
  const startOf = (run: number) => i32.add(scratchAddress, i32.const(RUN_SIZE * run))
  const advance = (pointer: Local, bytes: number) =>
    set(pointer, i32.add(get(pointer), i32.const(bytes)))
  const block = fold.block((run, quarter) => {
    const at = RUN_SIZE * run + 16 * quarter
    const bytes = v128.load(get(pointer(pointers, run)), 16 * quarter)
    return v128.store(get(place), withHistory(v128, place, at, bytes), at + HISTORY)
  })
  return [
    set(place, scratchAddress),
    crcs.map((_, run) => [
      clear(startOf(run), i32.const(HISTORY)),
      // The register is to be added to the first eight bytes: so the longest distance does, and no other.
      i64.store(
        get(place),
        i64.load(get(state), offset + 8 * run),
        RUN_SIZE * run + HISTORY - Math.max(...DISTANCES),
      ),
    ]),
    set(folded, beyond(blocks, REST)),
    set(blocks, i32.sub(get(blocks), get(folded))),
    whileTrue(get(folded), [
      set(count, i32.sub(get(folded), beyond(folded, TURN))),
      set(folded, i32.sub(get(folded), get(count))),
      whileTrue(get(count), [
        block,
        [...pointers, place].map((pointer) => advance(pointer, BLOCK)),
        set(count, i32.sub(get(count), i32.const(1))),
      ]),
      crcs.map((_, run) => {
        const history = i32.add(get(place), i32.const(RUN_SIZE * run))
        return move(startOf(run), history, i32.const(HISTORY))
      }),
      set(place, scratchAddress),
    ]),
    fold.beforeRest ?? [],
    // The rest is not taken out of the message, so that nothing of it is to be found there.
    crcs.map((_, run) => clear(i32.add(startOf(run), i32.const(HISTORY)), i32.shl(get(blocks), 6))),
    set(count, i32.shl(get(blocks), 3)),
    whileTrue(get(count), [
      crcs.map((crc, run) => {
        const bytes = i64.load(get(pointer(pointers, run)))
        const withCrc = i64.xor(get(crc), bytes)
        return [
          set(input, withHistory(i64, place, RUN_SIZE * run, withCrc)),
          set(crc, lookUp(input)),
        ]
      }),
      [...pointers, place].map((pointer) => advance(pointer, 8)),
      set(count, i32.sub(get(count), i32.const(1))),
    ]),
    crcs.map((crc, run) => {
      const at = offset + 8 * run
      const mask = lanes === undefined ? i32.const(1) : i32.and(get(lanes), i32.const(1 << run))
      // Without a block the register has not come out of the scratch.
      const isNew = choose(mask, i32.const(0), get(blocks))
      return i64.store(get(state), choose(get(crc), i64.load(get(state), at), isNew), at)
    }),
  ]
}

/** The bytes at `place` with all that was taken out before and is to be added to them. */
function withHistory(
  type: Pick<typeof v128, 'load' | 'xor'>,
  place: Local,
  at: number,
  bytes: Code,
): Code {
  const added = DISTANCES.map((far) => type.load(get(place), at + HISTORY - far))
  return [bytes, ...added].reduce(type.xor)
}

/** By how much `count` is greater than `limit`, 0 if it is not. */
function beyond(count: Local, limit: number): Code {
  const difference = i32.sub(get(count), i32.const(limit))
  return choose(difference, i32.const(0), i32.isGreater(get(count), i32.const(limit)))
}

function pointer(pointers: readonly Local[], run: number): Local {
  const found = pointers[run]
  if (found === undefined) throw new RangeError(`No run ${run}`)
  return found
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
