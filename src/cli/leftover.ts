/** What a failed upload leaves at the service, and how it is removed. Pure. */
import type { Outcome } from '../index.js'

/** What of a stream matters for it. */
export interface Ending {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string | undefined
  readonly outcome: Outcome | undefined
  readonly abortError: Error | undefined
}

/** Parts of an upload are left: it failed (see `cause`), and they were kept or could not be removed. */
export class PartsLeftError extends Error {
  override readonly name = 'PartsLeftError'
  readonly uploadId: string
  /** What to do about them. */
  readonly hint: string

  constructor(message: string, options: { uploadId: string; hint: string; cause: unknown }) {
    super(message, { cause: options.cause })
    this.uploadId = options.uploadId
    this.hint = options.hint
  }
}

/** The upload whose parts are left, if there is one. */
export function uploadLeft(ending: Ending, keepsParts: boolean): string | undefined {
  const { uploadId, outcome, abortError } = ending
  if (outcome === 'published') return undefined
  return keepsParts || abortError !== undefined ? uploadId : undefined
}

/** The command that removes the parts of one upload. */
export function cleanCommand(bucket: string, key: string, uploadId: string): string {
  return `osspipe clean ${quoted(`oss://${bucket}/${key}`)} --upload-id ${quoted(uploadId)}`
}

/** Tells which parts are left, and what to do. */
export function leftoverText({ bucket, key }: Ending, uploadId: string, canGoOn: boolean): string {
  const what = canGoOn
    ? 'Run the same command again to go on with it, or remove them with:'
    : 'Remove them with:'
  return (
    `Parts of the upload ${uploadId} are left, and billed.\n${what}\n` +
    `  ${cleanCommand(bucket, key, uploadId)}`
  )
}

/** A word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
