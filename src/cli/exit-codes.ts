/** What the exit code tells, as a table, and which one an error ends with. Pure. */
import { constants } from 'node:os'
import { PartsLeftError } from './leftover.js'
import { PartialFailure } from './partial-failure.js'
import { CommandError, UsageError } from './usage-error.js'

/** Every exit code but 128 + n, with its meaning. */
export const EXIT_CODES: ReadonlyMap<number, string> = new Map([
  [0, 'done'],
  [1, 'failed, and nothing is left behind'],
  [2, 'called wrongly, nothing was done'],
  [3, 'failed, and parts of an upload are left (its id is printed)'],
  [4, 'the bytes are not what they should be (digest, size, trailer, changed file)'],
  [5, 'exists already'],
  [6, 'no credentials, or not permitted'],
  [7, 'the child process failed'],
])

/** How the codes of signals are told; SIGINT gives 130, SIGTERM 143. */
export const SIGNAL_EXIT = '128 + n: ended by signal n'

/** A signal asked to end. */
export class SignalError extends Error {
  override readonly name = 'SignalError'
  readonly signal: NodeJS.Signals

  /** @param aftermath what became of the work */
  constructor(signal: NodeJS.Signals, aftermath = '') {
    super(`Ended by ${signal}${aftermath}`)
    this.signal = signal
  }
}

/** Standard output was closed by whoever read it; as silent an end as SIGPIPE makes. */
export class ClosedOutputError extends Error {
  override readonly name = 'ClosedOutputError'
}

/** 128 + the signal's number, as shells expect. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** The exit code for what a command failed with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof SignalError) return signalExitCode(error.signal)
  // Whatever the cause was: parts cost money until somebody removes them.
  if (error instanceof PartsLeftError) {
    return error.cause instanceof SignalError ? exitCodeOf(error.cause) : 3
  }
  if (error instanceof PartialFailure) {
    const code = exitCodeOf(error.cause)
    // 2 promises that nothing was done.
    return code === 2 ? 1 : code
  }
  if (error instanceof ClosedOutputError) return signalExitCode('SIGPIPE')
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof UsageError) return 2
  for (const each of withCauses(error)) {
    const code = codeOf(each)
    if (code !== undefined) return code
  }
  return 1
}

/** By `code`, not by class: so that telling the help does not load the library. */
const BY_CODE: Readonly<Record<string, number>> = {
  ERR_OSS_INVALID_OPTION: 2,
  ERR_OSS_DIGEST_MISMATCH: 4,
  ERR_OSS_UNEXPECTED_DIGEST: 4,
  ERR_OSS_SIZE_MISMATCH: 4,
  ERR_OSS_SOURCE_CHANGED: 4,
  ERR_OSS_CORRUPT_DOWNLOAD: 4,
  ERR_OSS_CREDENTIALS: 6,
  ERR_OSS_CHILD_PROCESS: 7,
}

function codeOf(error: Error): number | undefined {
  if (!('code' in error) || !String(error.code).startsWith('ERR_OSS_')) return undefined
  if ('option' in error && error.option === 'credentials') return 6
  if ('ossCode' in error && error.ossCode === 'FileAlreadyExists') return 5
  if (error.code === 'ERR_OSS_DATA_DIR' && 'reason' in error && error.reason === 'foreign') return 2
  if ('status' in error && (error.status === 401 || error.status === 403)) return 6
  return BY_CODE[String(error.code)]
}

/** The error and its causes, the outermost first. */
export function* withCauses(error: unknown): Generator<Error> {
  const seen = new Set<unknown>()
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each)
    yield each
  }
}
