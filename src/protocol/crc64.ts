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
  return crc64Combiner(lengthOfB)(a, b)
}

/** The same for many neighbours of one length: what depends on that alone is computed once. */
export function crc64Combiner(lengthOfB: number): (a: bigint, b: bigint) => bigint {
  if (!Number.isSafeInteger(lengthOfB) || lengthOfB < 0) {
    throw new RangeError(`Expected a length in bytes, got ${lengthOfB}`)
  }
  const power = powerOfX8(lengthOfB)
  return (a, b) => {
    const shifted = multiply(split(a), power)
    const tail = split(b)
    return join(shifted[HIGH] ^ tail[HIGH], shifted[LOW] ^ tail[LOW])
  }
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

/**
 * Eight tables of 256 words, in halves: entry `256 * k + v` is what byte `v` comes to after `k` zero
 * bytes. Constants, because code is compiled to faster loads for an array known beforehand; filled
 * on first use, because a process that only imports the package should not pay for them.
 */
const TABLE_HIGH = new Int32Array(2048)
const TABLE_LOW = new Int32Array(2048)

function fillTables(): void {
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
    TABLE_HIGH[v] = h
    TABLE_LOW[v] = l
  }
  for (let i = 256; i < 2048; i++) {
    const h = entryAt(TABLE_HIGH, i - 256)
    const l = entryAt(TABLE_LOW, i - 256)
    TABLE_HIGH[i] = (h >>> 8) ^ entryAt(TABLE_HIGH, l & 255)
    TABLE_LOW[i] = ((l >>> 8) | (h << 24)) ^ entryAt(TABLE_LOW, l & 255)
  }
}

/** Product of two polynomials modulo P; bit 63 of a word is the coefficient of x^0. */
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

/** x^(8·2^k) mod P at index `k`, as far as it was needed yet: at most 53 of them. */
const squares: Word[] = [[0x00800000, 0]]

/** x^(8·exponent) mod P: what `exponent` zero bytes do to a checksum. */
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
  if (entryAt(TABLE_HIGH, 1) === 0) fillTables()
  let h = state[HIGH] | 0
  let l = state[LOW] | 0
  const { length } = bytes
  const whole = length - (length % 8)
  let i = 0
  // A step takes eight bytes. Each is looked up in the table of what it comes to once the bytes
  // behind it have passed, so the sixteen loads need not wait for one another.
  for (; i < whole; i += 8) {
    const i7 = 1792 + (byteAt(bytes, i) ^ (l & 255))
    const i6 = 1536 + (byteAt(bytes, i + 1) ^ ((l >>> 8) & 255))
    const i5 = 1280 + (byteAt(bytes, i + 2) ^ ((l >>> 16) & 255))
    const i4 = 1024 + (byteAt(bytes, i + 3) ^ (l >>> 24))
    const i3 = 768 + (byteAt(bytes, i + 4) ^ (h & 255))
    const i2 = 512 + (byteAt(bytes, i + 5) ^ ((h >>> 8) & 255))
    const i1 = 256 + (byteAt(bytes, i + 6) ^ ((h >>> 16) & 255))
    const i0 = byteAt(bytes, i + 7) ^ (h >>> 24)
    l =
      entryAt(TABLE_LOW, i7) ^
      entryAt(TABLE_LOW, i6) ^
      entryAt(TABLE_LOW, i5) ^
      entryAt(TABLE_LOW, i4) ^
      (entryAt(TABLE_LOW, i3) ^
        entryAt(TABLE_LOW, i2) ^
        entryAt(TABLE_LOW, i1) ^
        entryAt(TABLE_LOW, i0))
    h =
      entryAt(TABLE_HIGH, i7) ^
      entryAt(TABLE_HIGH, i6) ^
      entryAt(TABLE_HIGH, i5) ^
      entryAt(TABLE_HIGH, i4) ^
      (entryAt(TABLE_HIGH, i3) ^
        entryAt(TABLE_HIGH, i2) ^
        entryAt(TABLE_HIGH, i1) ^
        entryAt(TABLE_HIGH, i0))
  }
  for (; i < length; i++) {
    const v = byteAt(bytes, i) ^ (l & 255)
    l = ((l >>> 8) | (h << 24)) ^ entryAt(TABLE_LOW, v)
    h = (h >>> 8) ^ entryAt(TABLE_HIGH, v)
  }
  state[HIGH] = h
  state[LOW] = l
}

// Elements that the caller knows to be there. Two functions rather than one, because code that
// meets one kind of array only is compiled to the bare load: 1.2 GB/s against 0.5.
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}

function entryAt(table: Int32Array, index: number): number {
  return table[index] as number
}
