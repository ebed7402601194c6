/**
 * gzip on all cores: blocks of the input are compressed side by side in Node's thread pool, each
 * as a member of its own. RFC 1952 §2.2: a gzip file is a series of members, and its content is that of all.
 */
import { availableParallelism } from 'node:os'
import type { Transform, TransformCallback } from 'node:stream'
import { gzip } from 'node:zlib'
import { abortedBefore, reasonOf } from './aborted-before.js'
import { onAbort } from './client/abort-hub.js'
import { InvalidOptionError } from './errors.js'
import { checkSignal, integer } from './stream-options.js'
import { StrictTransform } from './strict-writable.js'
import { refuseUnknown } from './unknown-option.js'

/** Options of {@link createParallelGzip}. */
export interface ParallelGzipOptions {
  /** From 0 (stored as it is) over 1 (fastest) to 9 (smallest): an integer. @default 6 */
  readonly level?: number | undefined
  /**
   * Bytes of input in a block: an integer from 65,536 (64 KiB) to 16,777,216 (16 MiB). Nothing is found
   * again across blocks: the smaller they are, the larger is the output. @default 1 MiB
   */
  readonly blockSize?: number | undefined
  /**
   * Most blocks compressed at once: an integer from 1 to 1,024. Node's thread pool, which reads files and
   * looks up names as well, has 4 threads unless the environment variable `UV_THREADPOOL_SIZE` says
   * otherwise when the process starts: no more than these are ever at work.
   * @default os.availableParallelism() + 1, so that no core waits until the event loop has the next block for it
   */
  readonly concurrency?: number | undefined
  /** Destroys the stream with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Compresses like `zlib.createGzip()`, on as many cores as there are. The output is one gzip stream of
 * several members, as `gunzip`, `zcat`, `zlib.createGunzip()` and every other reader of the format that
 * goes on behind the first member take it; it depends on the input and the options alone, not on how the
 * input was cut into chunks. The bytes are not those that `createGzip()` makes.
 *
 *   held ≤ (concurrency + 1) blocks: one that fills, the others being compressed or not yet read
 *
 * which is `(concurrency + 1) * blockSize` of input, and at most as much and 0.1 % of output; beside it the
 * two `highWaterMark`s of any Transform, and some 0.3 MiB of zlib's for each block being compressed. A
 * writer waits while all of it is used. Destroyed, it drops what it holds; up to `concurrency` blocks that are being
 * compressed are compressed in vain, since nothing can stop that. An error of zlib's destroys it.
 * @throws {InvalidOptionError} synchronously, for a bad or unknown option.
 */
export function createParallelGzip(options: ParallelGzipOptions = {}): Transform {
  const { level, signal, ...sizes } = resolve(options)
  return new ParallelGzip(sizes, gzipAt(level), signal)
}

/** Makes a member of a block; calls back later, once. The block stays as it is until then. */
export type Compress = (
  block: Uint8Array,
  callback: (error: Error | null, member: Buffer) => void,
) => void

/** Compresses blocks side by side, and gives the members in order. How, `compress` knows. */
export class ParallelGzip extends StrictTransform {
  readonly #blockSize: number
  readonly #concurrency: number
  readonly #compress: Compress
  /** The blocks that are being compressed or not yet read, the oldest first. */
  readonly #sealed: { member?: Buffer }[] = []
  /** Buffers that no block has at present. */
  readonly #free: Buffer[] = []
  #filling: Buffer | undefined
  #used = 0
  #hasMember = false
  /** The reader takes more. */
  #isWanted = true
  /** Goes on with a chunk once there is room for it. */
  #onRoom: (() => void) | undefined
  /** All input is there; to be called when all of it is out. */
  #onFlushed: TransformCallback | undefined
  #releaseSignal: () => void = () => {}

  /** Is destroyed with the reason of `signal`. */
  constructor(
    sizes: { blockSize: number; concurrency: number },
    compress: Compress,
    signal?: AbortSignal,
  ) {
    super({ writableHighWaterMark: WRITABLE_HIGH_WATER_MARK, ...abortedBefore(signal) })
    this.#blockSize = sizes.blockSize
    this.#concurrency = sizes.concurrency
    this.#compress = compress
    if (!signal?.aborted) {
      this.#releaseSignal = onAbort(signal, () => this.destroy(reasonOf(signal)))
    }
  }

  /** Blocks held: filling, being compressed, or waiting for their turn or for the reader. */
  get blocksHeld(): number {
    return this.#sealed.length + (this.#used > 0 ? 1 : 0)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#take(chunk, 0, callback)
  }

  override _flush(callback: TransformCallback): void {
    this.#onFlushed = callback
    this.#advance()
  }

  override _read(size: number): void {
    super._read(size)
    this.#isWanted = true
    this.#advance()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#releaseSignal()
    this.#sealed.length = 0
    this.#free.length = 0
    this.#filling = undefined
    this.#used = 0
    this.#onRoom = undefined
    this.#onFlushed = undefined
    callback(error)
  }

  #take(chunk: Buffer, from: number, callback: TransformCallback): void {
    let offset = from
    while (offset < chunk.byteLength) {
      if (this.#used === this.#blockSize) {
        this.#onRoom = () => this.#take(chunk, offset, callback)
        return
      }
      this.#filling ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#blockSize)
      const count = chunk.copy(this.#filling, this.#used, offset)
      this.#used += count
      offset += count
      this.#sealIfDue()
    }
    callback()
  }

  /** Has the filling block compressed if it is full or the last, and one more may be. */
  #sealIfDue(): void {
    const isLast = this.#onFlushed !== undefined && (this.#used > 0 || !this.#hasMember)
    if (!isLast && this.#used < this.#blockSize) return
    if (this.#sealed.length === this.#concurrency) return
    const [buffer = EMPTY, used] = [this.#filling, this.#used]
    const block: { member?: Buffer } = {}
    this.#sealed.push(block)
    this.#hasMember = true
    this.#filling = undefined
    this.#used = 0
    this.#compress(buffer.subarray(0, used), (error, member) => {
      if (this.destroyed) return
      if (error) {
        this.destroy(error)
        return
      }
      this.#free.push(buffer)
      block.member = member
      this.#advance()
    })
  }

  /** Gives the reader what it wants and has its turn; then there is room for more. */
  #advance(): void {
    for (;;) {
      this.#sealIfDue()
      const member = this.#isWanted ? this.#sealed[0]?.member : undefined
      if (member === undefined) break
      this.#sealed.shift()
      this.#isWanted = this.push(member)
    }
    const [onRoom, onFlushed] = [this.#onRoom, this.#onFlushed]
    if (onRoom !== undefined && this.#used < this.#blockSize) {
      this.#onRoom = undefined
      onRoom()
    }
    if (onFlushed !== undefined && this.blocksHeld === 0) {
      this.#onFlushed = undefined
      onFlushed()
    }
  }
}

const MIN_BLOCK_SIZE = 64 * 1024
const DEFAULT_BLOCK_SIZE = 1024 * 1024
const MAX_BLOCK_SIZE = 16 * 1024 * 1024
/** Most threads that libuv's pool can have. */
const MAX_CONCURRENCY = 1024
/** With Node's 16 KiB a writer would wait for `drain` after each chunk of a file or a pipe. */
const WRITABLE_HIGH_WATER_MARK = 256 * 1024
const EMPTY = Buffer.alloc(0)
const OPTION_NAMES = [
  'level',
  'blockSize',
  'concurrency',
  'signal',
] as const satisfies readonly (keyof ParallelGzipOptions)[]

function resolve(options: ParallelGzipOptions) {
  if (typeof options !== 'object' || options === null) {
    throw InvalidOptionError.expected('options', 'an object', options)
  }
  refuseUnknown(options, OPTION_NAMES, 'createParallelGzip()')
  const { level = 6, blockSize = DEFAULT_BLOCK_SIZE, concurrency, signal } = options
  return {
    level: integer(level, 'level', 0, 9, ''),
    blockSize: integer(blockSize, 'blockSize', MIN_BLOCK_SIZE, MAX_BLOCK_SIZE),
    concurrency:
      concurrency === undefined
        ? Math.min(availableParallelism() + 1, MAX_CONCURRENCY)
        : integer(concurrency, 'concurrency', 1, MAX_CONCURRENCY, ''),
    signal: checkSignal(signal),
  }
}

function gzipAt(level: number): Compress {
  return (block, callback) => {
    // Room for what cannot be compressed: zlib then goes through the thread pool once, not per 16 KiB.
    const chunkSize = block.byteLength + (block.byteLength >>> 10) + 64
    gzip(block, { level, chunkSize }, (error, member) => {
      // A member that leaves most of that room empty must not keep it for as long as it is read.
      const isRoomy = error === null && member.byteLength < chunkSize / 2
      callback(error, isRoomy ? Buffer.from(member) : member)
    })
  }
}
