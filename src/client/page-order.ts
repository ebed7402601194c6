/**
 * Whether a page of a listing follows the one before: pure. A service (or whoever answers for it) that
 * repeats itself would be asked for ever, and parts told twice or left out would be believed.
 */

import { MAX_PARTS } from '../protocol/part-plan.js'

/** What of a page of ListParts tells its place. */
export interface PartsPage {
  readonly parts: readonly { readonly partNumber: number }[]
  readonly isTruncated: boolean
  readonly nextPartNumberMarker: number
}

/** Whether parts behind `marker` ascend up to the last there can be, and the next page is behind them. */
export function partsMoveOn(page: PartsPage, marker = 0): boolean {
  let last = marker
  for (const { partNumber } of page.parts) {
    if (partNumber <= last || partNumber > MAX_PARTS) return false
    last = partNumber
  }
  const next = page.nextPartNumberMarker
  return !page.isTruncated || (next > marker && next >= last && next <= MAX_PARTS)
}

/** What of a page of ListMultipartUploads tells its place. */
export interface UploadsPage {
  readonly isTruncated: boolean
  readonly nextKeyMarker: string
  readonly nextUploadIdMarker: string
}

/**
 * Whether the next page is behind this one, which began behind the markers: by key, and for one key by
 * upload id, in the order of their bytes (OSS documentation page "ListMultipartUploads").
 */
export function uploadsMoveOn(page: UploadsPage, keyMarker = '', uploadIdMarker = ''): boolean {
  if (!page.isTruncated) return true
  const byKey = compareBytes(page.nextKeyMarker, keyMarker)
  if (byKey !== 0) return byKey > 0
  return compareBytes(page.nextUploadIdMarker, uploadIdMarker) > 0
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
