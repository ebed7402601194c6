/**
 * CRC-64/XZ (ECMA-182, reflected), the checksum OSS vouches for every object and part with.
 * Computes it over bytes and combines the checksums of neighbours; knows nothing of headers.
 * Words are kept as pairs of 32-bit halves: BigInt only at the edges, never in a loop over bytes.
 */

/** A checksum that grows with the bytes. */
export interface Crc64 {
  update(bytes: Uint8Array): void
  /** Checksum of everything so far, 0 to 2^64 - 1; more bytes may follow. */
  digest(): bigint
}

/**
 * Returns the CRC-64 of `bytes`, 0 to 2^64 - 1; of no bytes it is 0.
 * @param previous checksum of the bytes before these, to go on from there
 */
export function crc64(bytes: Uint8Array, previous = 0n): bigint {
  const running = createCrc64(previous)
  running.update(bytes)
  return running.digest()
}

/** Starts a checksum, after the bytes whose checksum is `previous` if given. */
export function createCrc64(previous = 0n): Crc64 {
  const state = split(previous)
  state[HIGH] = ~state[HIGH]
  state[LOW] = ~state[LOW]
  return {
    update: (bytes) => absorb(state, bytes),
    digest: () => join(~state[HIGH], ~state[LOW]),
  }
}

/**
 * Returns the CRC-64 of A followed by B from the two checksums and the length of B in bytes
 * (0 to 2^53 - 1), in a few dozen multiplications whatever that length:
 * crc(AB) = crc(A) · x^(8·length) mod P, xor crc(B).
 * @throws {RangeError} if `lengthOfB` is no such integer
 */
export function combineCrc64(a: bigint, b: bigint, lengthOfB: number): bigint {
  if (!Number.isSafeInteger(lengthOfB) || lengthOfB < 0) {
    throw new RangeError(`Expected a length in bytes, got ${lengthOfB}`)
  }
  const shifted = multiply(split(a), powerOfX8(lengthOfB))
  const tail = split(b)
  return join(shifted[HIGH] ^ tail[HIGH], shifted[LOW] ^ tail[LOW])
}

/** High and low 32 bits of a 64-bit word, as signed or unsigned integers. */
type Word = [high: number, low: number]
const HIGH = 0
const LOW = 1

/** The polynomial 0x42F0E1EBA9EA3693 with its bits reversed. */
const POLYNOMIAL_HIGH = 0xc96c5795
const POLYNOMIAL_LOW = 0xd7870f42

function split(value: bigint): Word {
  const word = BigInt.asUintN(64, value)
  return [Number(word >> 32n), Number(word & 0xffffffffn)]
}

function join(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}

/** Eight tables of 256 words; entry `256 * k + v` is the effect of byte `v` followed by `k` zero bytes. */
interface Tables {
  readonly high: Uint32Array
  readonly low: Uint32Array
}

let tables: Tables | undefined

// Built on first use: a process that only imports the package should not pay for them.
function buildTables(): Tables {
  const high = new Uint32Array(2048)
  const low = new Uint32Array(2048)
  for (let v = 0; v < 256; v++) {
    let h = 0
    let l = v
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1
      l = (l >>> 1) | (h << 31)
      h >>>= 1
      if (carry) {
        h ^= POLYNOMIAL_HIGH
        l ^= POLYNOMIAL_LOW
      }
    }
    high[v] = h
    low[v] = l
  }
  for (let i = 256; i < 2048; i++) {
    const h = high[i - 256] ?? 0
    const l = low[i - 256] ?? 0
    high[i] = (h >>> 8) ^ (high[l & 255] ?? 0)
    low[i] = ((l >>> 8) | (h << 24)) ^ (low[l & 255] ?? 0)
  }
  return { high, low }
}

function multiply(a: Word, b: Word): Word {
  let high = 0
  let low = 0
  let [h, l] = b
  for (let bit = 0; bit < 64; bit++) {
    const half = bit < 32 ? a[HIGH] : a[LOW]
    if ((half >>> (31 - (bit & 31))) & 1) {
      high ^= h
      low ^= l
    }
    const carry = l & 1
    l = (l >>> 1) | (h << 31)
    h >>>= 1
    if (carry) {
      h ^= POLYNOMIAL_HIGH
      l ^= POLYNOMIAL_LOW
    }
  }
  return [high, low]
}

/** x^(8·2^k) mod P at index `k`. Coefficients run from the top bit (x^0) down. */
const squares: Word[] = [[0x00800000, 0]]

function powerOfX8(exponent: number): Word {
  let result: Word = [0x80000000, 0]
  let rest = exponent
  for (let k = 0; rest > 0; k++) {
    let square = squares[k]
    if (square === undefined) {
      const root = squares[k - 1] ?? result
      square = multiply(root, root)
      squares.push(square)
    }
    if (rest % 2 === 1) result = multiply(result, square)
    rest = Math.floor(rest / 2)
  }
  return result
}

function absorb(state: Word, bytes: Uint8Array): void {
  tables ??= buildTables()
  const { high, low } = tables
  let h = state[HIGH]
  let l = state[LOW]
  const { length } = bytes
  const whole = length - (length % 8)
  let i = 0
  // One step takes eight bytes: each looks up what it becomes once the bytes after it have passed.
  // Eight lookups that do not wait for each other, against eight that do.
  for (; i < whole; i += 8) {
    const a =
      l ^
      (at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24))
    const b =
      h ^
      (at(bytes, i + 4) |
        (at(bytes, i + 5) << 8) |
        (at(bytes, i + 6) << 16) |
        (at(bytes, i + 7) << 24))
    const i7 = 1792 + (a & 255)
    const i6 = 1536 + ((a >>> 8) & 255)
    const i5 = 1280 + ((a >>> 16) & 255)
    const i4 = 1024 + (a >>> 24)
    const i3 = 768 + (b & 255)
    const i2 = 512 + ((b >>> 8) & 255)
    const i1 = 256 + ((b >>> 16) & 255)
    const i0 = b >>> 24
    l =
      at(low, i7) ^
      at(low, i6) ^
      at(low, i5) ^
      at(low, i4) ^
      at(low, i3) ^
      at(low, i2) ^
      at(low, i1) ^
      at(low, i0)
    h =
      at(high, i7) ^
      at(high, i6) ^
      at(high, i5) ^
      at(high, i4) ^
      at(high, i3) ^
      at(high, i2) ^
      at(high, i1) ^
      at(high, i0)
  }
  for (; i < length; i++) {
    const v = (l ^ at(bytes, i)) & 255
    l = ((l >>> 8) | (h << 24)) ^ at(low, v)
    h = (h >>> 8) ^ at(high, v)
  }
  state[HIGH] = h
  state[LOW] = l
}

/** An element that the caller knows to be there; the optimiser leaves nothing of it but the load. */
function at(array: Uint8Array | Uint32Array, index: number): number {
  return array[index] as number
}
