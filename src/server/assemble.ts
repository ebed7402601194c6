/** Makes an object of the parts that Complete names, as the service checks them. Pure, O(parts). */

import { combineCrc64, multipartEtag } from '../protocol/digest.js'
import type { CompletedPart } from '../protocol/xml.js'
import { failures } from './failures.js'
import type { ObjectRecord, PartRecord } from './records.js'

/** Least size of every part but the last, in bytes ("Limits"). */
const MIN_PART = 100 * 1024

/** What the parts decide about the object. */
export type Assembled = Pick<ObjectRecord, 'size' | 'etag' | 'crc64' | 'segments'>

/**
 * Joins the listed parts, or all of them if `listed` is absent (`x-oss-complete-all`).
 *
 * @throws {Failure} 400 InvalidPartOrder, InvalidArgument (number), InvalidPart, EntityTooSmall, MalformedXML (none)
 */
export function assembleParts(
  stored: ReadonlyMap<number, PartRecord>,
  listed: readonly CompletedPart[] | undefined,
): Assembled {
  const parts = listed === undefined ? inOrder(stored) : chosen(stored, listed)
  if (parts.length === 0) throw failures.malformedXml('no part')
  for (const part of parts.slice(0, -1)) {
    if (part.size < MIN_PART) throw failures.entityTooSmall(part.partNumber, part.size)
  }
  const crc64 = parts.reduce((sum, part) => combineCrc64(sum, BigInt(part.crc64), part.size), 0n)
  return {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag: multipartEtag(parts.map((part) => part.etag)),
    crc64: String(crc64),
    segments: parts.flatMap((part) => part.segments),
  }
}

function chosen(
  stored: ReadonlyMap<number, PartRecord>,
  listed: readonly CompletedPart[],
): PartRecord[] {
  let last = 0
  for (const { partNumber } of listed) {
    if (partNumber < 1 || partNumber > 10_000) throw failures.invalidPartNumber(String(partNumber))
    if (partNumber <= last) throw failures.invalidPartOrder()
    last = partNumber
  }
  return listed.map(({ partNumber, etag }) => {
    const part = stored.get(partNumber)
    if (part === undefined || part.etag !== etag.toUpperCase()) {
      throw failures.invalidPart(partNumber, etag)
    }
    return part
  })
}

function inOrder(stored: ReadonlyMap<number, PartRecord>): PartRecord[] {
  return [...stored.values()].sort((a, b) => a.partNumber - b.partNumber)
}
