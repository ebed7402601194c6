/** A failure as people and as scripts are told it. Pure. */
import { camelCase, type OptionDescription } from './description.js'
import { exitCodeOf, withCauses } from './exit-codes.js'
import { PartsLeftError } from './leftover.js'

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
  'option',
  'algorithm',
  'expected',
  'actual',
  'signal',
  'command',
] as const

/** The object that stands in for the result with `--json`. */
export function failureObject(error: unknown): object {
  const details = [...withCauses(error)].map(detailsOf).reverse()
  return {
    error: {
      message: messageOf(error),
      exitCode: exitCodeOf(error),
      ...Object.assign({}, ...details),
    },
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

/** Names of options of the library that have others here. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['buckets', 'bucket'],
  ['dataDir', 'data'],
  ['buckets', 'bucket'],
  ['forbidOverwrite', 'no-clobber'],
  ['headers', 'header'],
  ['retry.maxAttempts', 'max-attempts'],
  ['retry.maxElapsedMs', 'max-elapsed'],
  ['secure', 'no-secure'],
  ['serverSideEncryption', 'sse'],
  ['sourceVersion', 'checkpoint'],
  ['tagging', 'tag'],
  ['timeouts.connectMs', 'connect-timeout'],
  ['timeouts.responseMs', 'response-timeout'],
  ['timeouts.stallMs', 'stall-timeout'],
])

/** What the library says about its options, said about those of the command line. */
export function inOptionNames(message: string, options: readonly OptionDescription[]): string {
  const names = new Map(options.map(({ name }) => [camelCase(name), name]))
  return message.replace(/`([\w.]+)`/g, (quoted, name: string) => {
    const known = RENAMED.get(name) ?? names.get(name)
    return known === undefined ? quoted : `--${known}`
  })
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
