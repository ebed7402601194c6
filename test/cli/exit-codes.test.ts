import { describe, expect, it } from 'vitest'
import { ClosedOutputError, EXIT_CODES, exitCodeOf, SignalError } from '../../src/cli/exit-codes.js'
import { failureObject } from '../../src/cli/failure.js'
import { PartsLeftError } from '../../src/cli/leftover.js'
import { PartialFailure } from '../../src/cli/partial-failure.js'
import { CommandError, UsageError } from '../../src/cli/usage-error.js'
import {
  ChildProcessError,
  CredentialsError,
  DigestMismatchError,
  InvalidOptionError,
  ServiceError,
  SizeMismatchError,
  TransportError,
  UnexpectedDigestError,
  UploadError,
} from '../../src/index.js'
import { DataDirError } from '../../src/server/server.js'

const PLACE = { bucket: 'b', key: 'k', outcome: 'absent' } as const

function upload(cause: Error): UploadError {
  return new UploadError('failed', { ...PLACE, cause })
}

const denied = new ServiceError({ status: 403, ossCode: 'AccessDenied' })
const child = new ChildProcessError('pg_dump', 'exited with 3', { exitCode: 3, stderr: '' })
const digests = { expected: 'a', actual: 'b' }
const left = (cause: unknown) =>
  new PartsLeftError('failed', { uploadId: 'U1', hint: 'Clean', cause })

const partial = (cause: unknown) => new PartialFailure('failed', { done: {}, cause })

const TABLE: readonly (readonly [string, unknown, number])[] = [
  ['anything', new Error('x'), 1],
  ['what is no error', 'x', 1],
  ['a failed upload', upload(new TransportError('unsent', 'x')), 1],
  ['a service that fails', upload(new ServiceError({ status: 503 })), 1],
  ['a wrong call', new UsageError('x'), 2],
  ['a wrong option', InvalidOptionError.expected('partSize', 'x', 1), 2],
  ["somebody else's data folder", new DataDirError('foreign', '/data', new Error('x')), 2],
  ['a data folder that is in use', new DataDirError('in-use', '/data'), 1],
  ['a wrong call, after something was done', partial(new UsageError('x')), 1],
  ['no permission, after something was done', partial(denied), 6],
  ['parts that are left', left(new Error('x')), 3],
  ['a child that failed and parts that are left', left(child), 3],
  ['a digest that differs', upload(new DigestMismatchError('md5', 'a', 'b', 'x')), 4],
  ['an unexpected digest', new UnexpectedDigestError('sha256', digests, PLACE), 4],
  ['a wrong size', new SizeMismatchError(1, 2, PLACE), 4],
  [
    'a key that is taken',
    upload(new ServiceError({ status: 409, ossCode: 'FileAlreadyExists' })),
    5,
  ],
  ['no permission', upload(denied), 6],
  ['a failed provider', upload(new CredentialsError('x')), 6],
  ['no credentials', InvalidOptionError.expected('credentials', 'given', undefined), 6],
  ['a failed child', child, 7],
  ['SIGINT', new SignalError('SIGINT'), 130],
  ['SIGINT and parts that are left', left(new SignalError('SIGINT')), 130],
  ['SIGTERM', new SignalError('SIGTERM'), 143],
  ['SIGHUP', new SignalError('SIGHUP'), 129],
  ['a reader that has gone', new ClosedOutputError('x'), 141],
  ['what a command knows better', new CommandError('x', 5), 5],
]

describe('the exit code', () => {
  it.each(TABLE)('for %s', (_name, error, code) => {
    expect(exitCodeOf(error)).toBe(code)
  })

  it('is documented, each', () => {
    const codes = new Set(TABLE.map(([, , code]) => code).filter((code) => code < 128))
    expect([0, ...codes].sort()).toEqual([...EXIT_CODES.keys()])
  })

  it('ends with causes that go in a circle', () => {
    const error = new Error('x')
    error.cause = error
    expect(exitCodeOf(error)).toBe(1)
  })
})

describe('a failure as JSON', () => {
  it('tells what a script may want', () => {
    expect(failureObject(left(upload(denied)))).toEqual({
      error: {
        message: 'failed',
        exitCode: 3,
        code: 'ERR_OSS_UPLOAD',
        uploadId: 'U1',
        status: 403,
        ossCode: 'AccessDenied',
        outcome: 'absent',
        partsLeft: true,
        hint: 'Clean',
      },
    })
  })

  it("tells a child's exit code or signal", () => {
    expect(failureObject(child)).toMatchObject({ error: { exitCode: 7, childExitCode: 3 } })
    const killed = new ChildProcessError('x', 'y', {
      exitCode: null,
      signal: 'SIGKILL',
      stderr: '',
    })
    expect(failureObject(killed)).toMatchObject({
      error: { signal: 'SIGKILL', childExitCode: null },
    })
  })

  it('tells the signal that ended it', () => {
    expect(failureObject(new SignalError('SIGINT'))).toEqual({
      error: { message: 'Ended by SIGINT', exitCode: 130, signal: 'SIGINT' },
    })
    expect(failureObject('x')).toEqual({ error: { message: 'x', exitCode: 1 } })
  })
})
