import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  backoffDelay,
  DEFAULT_RETRY,
  doubtAfter,
  resolveRetry,
  retryDecision,
} from '../../src/client/retry.js'
import {
  CredentialsError,
  DigestMismatchError,
  InvalidOptionError,
  MalformedResponseError,
  ServiceError,
  TransportError,
} from '../../src/errors.js'

const context = { repeatable: true, digestIsGiven: false }

function service(status: number, ossCode?: string, retryAfterMs?: number): ServiceError {
  return new ServiceError({ status, ossCode, retryAfterMs })
}

const malformed = new MalformedResponseError('odd', { status: 200, snapshot: '' })
const mismatch = new DigestMismatchError('md5', 'A', 'B', 'part 1')

describe('retryDecision', () => {
  it.each([
    ['unsent', new TransportError('unsent', '')],
    ['timeout', new TransportError('timeout', '')],
    ['interrupted', new TransportError('interrupted', '')],
    ['damaged on the way', mismatch],
    ['malformed', malformed],
    ['provider failed', new CredentialsError('', { cause: new Error('metadata service') })],
    ['500', service(500, 'InternalError')],
    ['502 of a proxy', service(502)],
    ['503', service(503, 'ServiceUnavailable')],
    ['200 with an error inside', service(200, 'InternalError')],
    ['401', service(401)],
    ['408', service(408)],
    ['429', service(429)],
    ['RequestTimeout', service(400, 'RequestTimeout')],
    ['IncompleteBody', service(400, 'IncompleteBody')],
    ['BadRequest', service(400, 'BadRequest')],
    ['InvalidDigest of ours', service(400, 'InvalidDigest')],
  ])('repeats after %s', (_, error) => {
    expect(retryDecision(error, context)).toEqual({ action: 'retry', minDelayMs: 0 })
  })

  it.each([
    ['501', service(501, 'NotImplemented')],
    ['AccessDenied', service(403, 'AccessDenied')],
    ['SignatureDoesNotMatch', service(403, 'SignatureDoesNotMatch')],
    ['NoSuchUpload', service(404, 'NoSuchUpload')],
    ['FileAlreadyExists', service(409, 'FileAlreadyExists')],
    ['412', service(412)],
    ['301', service(301)],
    ['203', service(203, 'CallbackFailed')],
    ['200 with a final error inside', service(200, 'InvalidPart')],
    ['EntityTooSmall', service(400, 'EntityTooSmall')],
    ['a wrong option', new InvalidOptionError('body', '')],
    ['nonsense of a provider', new CredentialsError('')],
    ['a foreign error', new Error('')],
  ])('gives up after %s', (_, error) => {
    expect(retryDecision(error, context)).toEqual({ action: 'fail' })
  })

  it.each([
    'SecurityTokenExpired',
    'InvalidSecurityToken',
    'InvalidAccessKeyId',
    'AccessKeyIdAndSecurityTokenNotMatch',
  ])('wants other credentials after %s', (code) => {
    expect(retryDecision(service(403, code), context)).toEqual({ action: 'renew-credentials' })
  })

  it('wants the clock corrected after RequestTimeTooSkewed', () => {
    const error = service(403, 'RequestTimeTooSkewed')
    expect(retryDecision(error, context)).toEqual({ action: 'correct-clock' })
  })

  it('gives up after InvalidDigest if the caller gave the digest', () => {
    const given = { ...context, digestIsGiven: true }
    expect(retryDecision(service(400, 'InvalidDigest'), given)).toEqual({ action: 'fail' })
  })

  it('gives up after a malformed success of what must not be done twice', () => {
    expect(retryDecision(malformed, { ...context, repeatable: false })).toEqual({ action: 'fail' })
  })

  it('waits at least as long as the service asks', () => {
    const decision = retryDecision(service(503, 'ServiceUnavailable', 7000), context)
    expect(decision).toEqual({ action: 'retry', minDelayMs: 7000 })
  })
})

describe('doubtAfter', () => {
  it.each([
    [new TransportError('unsent', ''), undefined],
    [new TransportError('timeout', ''), 'lost'],
    [new TransportError('interrupted', ''), 'lost'],
    [new TransportError('interrupted', 'in the middle of the body', { sent: false }), undefined],
    [service(500, 'InternalError'), 'answered'],
    [service(503, 'ServiceUnavailable'), 'answered'],
    [service(500), 'lost'],
    [service(502, 'InternalError'), 'lost'],
    [service(504, 'InternalError'), 'lost'],
    [service(501, 'NotImplemented'), undefined],
    [service(501), 'lost'],
    [service(404), 'lost'],
    [service(403), 'lost'],
    [service(302), 'lost'],
    [new ServiceError({ status: 200, requestId: '5F' }), 'answered'],
    [service(200, 'InternalError'), 'lost'],
    [service(203), 'lost'],
    [service(203, 'InternalError'), 'lost'],
    [service(203, 'CallbackFailed'), undefined],
    [service(404, 'NoSuchUpload'), undefined],
    [service(400, 'RequestTimeout'), undefined],
    [
      new MalformedResponseError('of ours', { status: 200, snapshot: '', requestId: '5F' }),
      'answered',
    ],
    [malformed, 'lost'],
    [mismatch, 'answered'],
    [new InvalidOptionError('body', ''), undefined],
  ])('of %s is %s', (error, expected) => {
    expect(doubtAfter(error)).toBe(expected)
  })
})

describe('backoffDelay', () => {
  it.each([
    [0, 0, 0],
    [0, 0.5, 100],
    [1, 0.5, 200],
    [3, 0.999_999, 1599],
    [7, 0.5, 10_000],
    [100_000, 0.5, 10_000],
  ])('before retry %i with chance %d is %i ms', (retries, random, expected) => {
    expect(backoffDelay(retries, DEFAULT_RETRY, random)).toBe(expected)
  })

  it('never leaves 0 to the maximum', () => {
    const delays = fc.record({
      baseDelayMs: fc.nat(),
      maxDelayMs: fc.nat(),
      retries: fc.nat(),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    })
    fc.assert(
      fc.property(delays, ({ baseDelayMs, maxDelayMs, retries, random }) => {
        const delay = backoffDelay(retries, { ...DEFAULT_RETRY, baseDelayMs, maxDelayMs }, random)
        expect(delay).toBeGreaterThanOrEqual(0)
        expect(delay).toBeLessThanOrEqual(maxDelayMs)
      }),
    )
  })
})

describe('resolveRetry', () => {
  it('fills in what is not given', () => {
    expect(resolveRetry({ maxAttempts: 9 })).toEqual({
      ...DEFAULT_RETRY,
      maxAttempts: 9,
    })
    expect(resolveRetry({ maxAttempts: Infinity, maxElapsedMs: Infinity }).maxAttempts).toBe(
      Infinity,
    )
  })

  it.each<[object, string]>([
    [
      { maxAttempts: 0 },
      '`retry.maxAttempts` to be an integer from 1, or Infinity, got `0` (number)',
    ],
    [{ maxAttempts: 1.5 }, 'got `1.5` (number)'],
    [{ baseDelayMs: -1 }, '`retry.baseDelayMs` to be a number from 0'],
    [{ maxDelayMs: Number.NaN }, '`retry.maxDelayMs`'],
    [{ maxDelayMs: Infinity }, '`retry.maxDelayMs`'],
    [{ maxElapsedMs: '5' }, 'got `5` (string)'],
    [{ maxAttempt: 3 }, 'did you mean `maxAttempts`?'],
  ])('refuses %o', (options, message) => {
    expect(() => resolveRetry(options)).toThrow(message)
    expect(() => resolveRetry(options)).toThrow(InvalidOptionError)
  })
})
