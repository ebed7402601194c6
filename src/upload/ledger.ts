/**
 * The parts that the service has acknowledged. It is what Complete is written from, so it refuses
 * to be read while a part is missing: an upload library once completed objects without them.
 */
import { combineCrc64 } from '../protocol/digest.js'

/** One acknowledged part. */
export interface LedgerRow {
  /** 1 to 10,000. */
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  /** Without quotes, as the service spelt it. */
  readonly etag: string
  /** CRC-64/XZ of the part, as the service answered it or as we computed it. */
  readonly crc64?: bigint | undefined
  /** We have computed that CRC-64; otherwise one answer of the service is all that vouches for it. */
  readonly isCrc64Own?: boolean
}

export class Ledger {
  readonly #rows = new Map<number, LedgerRow>()
  #bytes = 0

  /** Parts recorded. */
  get count(): number {
    return this.#rows.size
  }

  /** Bytes of the parts recorded. */
  get bytes(): number {
    return this.#bytes
  }

  /** Records an acknowledged part, in any order, each once. */
  record(row: LedgerRow): void {
    if (this.#rows.has(row.partNumber)) {
      throw new RangeError(`Part ${row.partNumber} is recorded already`)
    }
    this.#rows.set(row.partNumber, row)
    this.#bytes += row.size
  }

  /** Parts 1 to `count`, ascending. @throws {RangeError} unless exactly these are there. */
  finish(count: number): LedgerRow[] {
    const rows: LedgerRow[] = []
    for (let partNumber = 1; partNumber <= count; partNumber++) {
      const row = this.#rows.get(partNumber)
      if (row === undefined) throw new RangeError(`Part ${partNumber} of ${count} is missing`)
      rows.push(row)
    }
    if (this.#rows.size !== count) {
      throw new RangeError(`Expected ${count} parts, got ${this.#rows.size}`)
    }
    return rows
  }
}

/** CRC-64/XZ of parts 1 to n together; `undefined` if the service left one out. */
export function combinedCrc64(parts: readonly LedgerRow[]): bigint | undefined {
  let whole = 0n
  for (const { crc64, size } of parts) {
    if (crc64 === undefined) return undefined
    whole = combineCrc64(whole, crc64, size)
  }
  return whole
}

/** Whether we have computed the CRC-64 of each part: then no wrong answer is the reason for a mismatch. */
export function hasOwnCrc64(parts: readonly LedgerRow[]): boolean {
  return parts.every(({ isCrc64Own }) => isCrc64Own)
}
