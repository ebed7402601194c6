/** An object of any size for clients that read: one pattern over and over, with its true CRC-64. */
import { combineCrc64, crc64 } from '../../../dist/protocol/crc64.js'

const PATTERN = Buffer.alloc(1024 * 1024)
for (let at = 0; at < PATTERN.length; at += 4) {
  PATTERN.writeInt32LE(Math.imul(at + 1, 0x9e3779b1), at)
}

/** Parses a path such as `/bucket/stored-1048576`; `undefined` for any other. */
export function storedSize(path) {
  const found = /\/stored-(\d+)$/.exec(path.split('?')[0] ?? '')
  return found === null ? undefined : Number(found[1])
}

/** @type {Map<number, string>} */
const known = new Map()

/** CRC-64 of the object of that size, in decimal. */
export function storedCrc64(size) {
  const crc = known.get(size) ?? compute(size)
  known.set(size, crc)
  return crc
}

function compute(size) {
  const whole = crc64(PATTERN)
  let sum = 0n
  for (let left = size; left > 0; left -= PATTERN.length) {
    const length = Math.min(left, PATTERN.length)
    const next = length === PATTERN.length ? whole : crc64(PATTERN.subarray(0, length))
    sum = combineCrc64(sum, next, length)
  }
  return String(sum)
}

/** Bytes `[from, end)` at most one pattern long; a view. */
export function storedBytes(from, end) {
  const start = from % PATTERN.length
  return PATTERN.subarray(start, Math.min(PATTERN.length, start + end - from))
}
