/** Tells, once for each dispatcher, that it cannot call a request off. */
import type { Dispatcher } from 'undici'
import { asError } from '../errors.js'
import { redacted } from './redact.js'

const told = new WeakSet<Dispatcher>()

/**
 * Emits a process warning the first time that this dispatcher has thrown: a failed upload calls off a
 * request for each part in flight, and a job makes many uploads.
 */
export function warnOfDispatcher(
  dispatcher: Dispatcher,
  thrown: unknown,
  secrets: readonly string[] | undefined,
): void {
  if (told.has(dispatcher)) return
  told.add(dispatcher)
  process.emitWarning(
    `The dispatcher could not call a request off: ${redacted(asError(thrown).message, secrets)}`,
    { type: 'OssDispatcherWarning', code: 'OSS_DISPATCHER' },
  )
}
