/** A failure as `--json` tells it, without secrets: only fields that are known to hold none. Pure. */
import { exitCodeOf, leavesParts, SignalError } from './exit-codes.js'

/** Fields of the library's errors that a script may want. */
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
  'option',
  'algorithm',
  'expected',
  'actual',
  'signal',
] as const

/** The object that stands in for the result. */
export function failureObject(error: unknown): object {
  const exitCode = exitCodeOf(error)
  return { error: { message: messageOf(error), exitCode, ...detailsOf(error) } }
}

/** What a failure is told with. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function detailsOf(error: unknown): object {
  if (!(error instanceof Error)) return {}
  const values = new Map<string, unknown>(Object.entries(error))
  const found = FIELDS.flatMap((name) => {
    const value = values.get(name)
    return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : []
  })
  const exitCode = values.get('exitCode')
  const child = values.get('code') === 'ERR_OSS_CHILD_PROCESS' && { childExitCode: exitCode }
  const left = leavesParts(error) && { partsLeft: true }
  const signal = error instanceof SignalError && { signal: error.signal }
  return { ...Object.fromEntries(found), ...child, ...left, ...signal }
}
