/**
 * Deleting cannot be undone, and an answer over plain HTTP may have been changed on its way: what one
 * answer calls damaged is looked at again, and is deleted only if that finds the very same damage.
 */
import type { DigestMismatchError } from '../errors.js'
import type { FoundObject } from './upload-target.js'
import { isOurs, type Sent } from './verdict.js'

/**
 * - `whole`: it is as it was sent, so that it was the first answer that was damaged;
 * - `damaged`: it is ours, and has the wrong digest of which the first answer told;
 * - `replaced`: it is not ours, or nothing is there;
 * - `unclear`: it is ours, but the two answers contradict one another.
 */
export type SecondLook = 'whole' | 'damaged' | 'replaced' | 'unclear'

/** What a second answer makes of an object that a first one calls damaged. Both know the marker. */
export function lookAgain(
  found: FoundObject | undefined,
  sent: Sent & { readonly marker: string },
  { algorithm, actual }: DigestMismatchError,
): SecondLook {
  if (found?.marker !== sent.marker) return 'replaced'
  const crc64 = found.crc64 === undefined ? undefined : String(found.crc64)
  const told = algorithm === 'crc64' ? crc64 : found.md5
  // An answer without that digest contradicts nothing.
  if (told === undefined) return 'unclear'
  if (told === actual) return 'damaged'
  return isOurs(found, sent) ? 'whole' : 'unclear'
}
