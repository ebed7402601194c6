/**
 * The states of an upload and the legal moves between them, as data. `MultipartUpload` is the only
 * one that moves; it asks `mayEnter` before every step, so that an illegal one is a bug that shows.
 *
 *  idle ──finish(), fits one part──▶ putting ──────────────────────────────┐
 *   │                                                                      ▼
 *   └─first part full─▶ initiating ─id─▶ uploading ─finish()─▶ draining ─▶ completing ─▶ completed
 *  idle ──an earlier run may be gone on with──▶ resuming ──▶ putting | initiating | uploading
 *  any but a terminal ──abort()──▶ aborting ──▶ aborted | suspended (parts kept) | completed (it had landed)
 */

export type UploadState =
  /** Nothing on the server; the first part is being filled. */
  | 'idle'
  /** Asking after an upload of an earlier run: there may be one, with parts. Nothing is sent yet. */
  | 'resuming'
  /** One PutObject is under way: nothing on the server, then the object. */
  | 'putting'
  /** InitiateMultipartUpload is under way: maybe an upload id that we do not know. */
  | 'initiating'
  /** Parts are being filled and sent. */
  | 'uploading'
  /** All input is here; the last parts are on their way. */
  | 'draining'
  /** CompleteMultipartUpload is under way: maybe the object. */
  | 'completing'
  /** Cleaning up. */
  | 'aborting'
  /** The object is published. */
  | 'completed'
  /** Nothing is left, or `abortError` tells what. */
  | 'aborted'
  /** Given up with the parts kept on purpose (`leavePartsOnError`). */
  | 'suspended'

export const TRANSITIONS: Readonly<Record<UploadState, readonly UploadState[]>> = {
  idle: ['resuming', 'initiating', 'putting', 'aborting'],
  resuming: ['initiating', 'uploading', 'putting', 'aborting'],
  putting: ['completed', 'aborting'],
  initiating: ['uploading', 'aborting'],
  uploading: ['draining', 'aborting'],
  draining: ['completing', 'aborting'],
  completing: ['completed', 'aborting'],
  aborting: ['aborted', 'suspended', 'completed'],
  completed: [],
  aborted: [],
  suspended: [],
}

/** Whether an upload in state `from` may move to state `to`. */
export function mayEnter(from: UploadState, to: UploadState): boolean {
  return TRANSITIONS[from].includes(to)
}

/** Whether an upload in this state is over. */
export function isTerminal(state: UploadState): boolean {
  return TRANSITIONS[state].length === 0
}
