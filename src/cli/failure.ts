/** A failure as people and as scripts are told it. Pure. */
import { exitCodeOf, withCauses } from './exit-codes.js'
import { PartsLeftError } from './leftover.js'
import { PartialFailure } from './partial-failure.js'

/** Fields of errors that a script may want; none of them ever holds a secret. */
const FIELDS = [
  'code',
  'operation',
  'partNumber',
  'uploadId',
  'status',
  'ossCode',
  'requestId',
  'ec',
  'attempts',
  'outcome',
  'uncertain',
  'option',
  'algorithm',
  'expected',
  'actual',
  'signal',
  'command',
] as const

/**
 * The object that stands in for the result with `--json`.
 * @param message as people are told it
 */
export function failureObject(error: unknown, message = messageOf(error)): object {
  const details = [...withCauses(error)].map(detailsOf).reverse()
  return {
    error: {
      message,
      exitCode: exitCodeOf(error),
      ...Object.assign({}, ...details),
    },
    ...(error instanceof PartialFailure && error.done),
  }
}

/** What a failure is told with. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  // Why a command could not be started stands in the cause alone.
  return cause instanceof Error && 'syscall' in cause && !message.includes(cause.message)
    ? `${message}: ${cause.message}`
    : message
}

function detailsOf(error: Error): object {
  const values = new Map<string, unknown>(Object.entries(error))
  const found = FIELDS.flatMap((name) => {
    const value = values.get(name)
    return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : []
  })
  const isChild = values.get('code') === 'ERR_OSS_CHILD_PROCESS'
  return {
    ...Object.fromEntries(found),
    ...(isChild && { childExitCode: values.get('exitCode') }),
    ...(error instanceof PartsLeftError && { partsLeft: true, hint: error.hint }),
  }
}
