/**
 * One answer over plain HTTP may have been changed on its way: what it calls damaged is looked at
 * again. Deleting cannot be undone: only the very same damage, measured against what we have computed
 * ourselves, is deleted.
 */
import type { DigestMismatchError } from '../errors.js'
import type { FoundObject } from './upload-target.js'
import { isOurs, type Sent } from './verdict.js'

/**
 * - `whole`: it is as it was sent, so that it was the first answer that was damaged;
 * - `damaged`: it is ours, and has the wrong digest of which the first answer told;
 * - `unclear`: it is ours, but two answers contradict one another;
 * - `doubtful`: its marker is not ours, but its bytes are, or are those of which the first answer told;
 * - `replaced`: it is not ours, or nothing is there.
 */
export type SecondLook = 'whole' | 'damaged' | 'unclear' | 'doubtful' | 'replaced'

/** What a second answer makes of an object that a first one calls damaged. */
export function lookAgain(
  found: FoundObject | undefined,
  sent: Sent,
  { algorithm, actual }: DigestMismatchError,
): SecondLook {
  if (found === undefined) return 'replaced'
  const crc64 = found.crc64 === undefined ? undefined : String(found.crc64)
  const told = algorithm === 'crc64' ? crc64 : found.md5
  if (sent.marker !== undefined && found.marker !== sent.marker) {
    const isAlike = told === actual || isOurs(found, { ...sent, marker: undefined })
    return isAlike ? 'doubtful' : 'replaced'
  }
  // An answer without that digest contradicts nothing.
  if (told === undefined) return 'unclear'
  if (told !== actual) return isOurs(found, sent) ? 'whole' : 'unclear'
  // Both may be right, and what was told of a part wrong; without a marker it may be anybody's.
  const isOwn = algorithm === 'md5' || sent.isCrc64Own === true
  return isOwn && sent.marker !== undefined ? 'damaged' : 'unclear'
}
