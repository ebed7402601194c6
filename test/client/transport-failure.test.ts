import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { transportFailure } from '../../src/client/transport-failure.js'
import { InvalidOptionError, MalformedResponseError, TransportError } from '../../src/errors.js'

function failed(code: string, message = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code })
}

describe('transportFailure', () => {
  it.each([
    ['ECONNREFUSED', true, 'unsent'],
    ['ENOTFOUND', false, 'unsent'],
    ['EAI_AGAIN', false, 'unsent'],
    ['EHOSTUNREACH', true, 'unsent'],
    ['ENETUNREACH', true, 'unsent'],
    ['ETIMEDOUT', false, 'unsent'],
    ['UND_ERR_CONNECT_TIMEOUT', true, 'unsent'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'unsent'],
    ['ECONNRESET', false, 'unsent'],
    ['ECONNRESET', true, 'interrupted'],
    ['EPIPE', true, 'interrupted'],
    ['UND_ERR_SOCKET', true, 'interrupted'],
    ['HPE_INVALID_CONSTANT', true, 'interrupted'],
    ['UND_ERR_DESTROYED', true, 'interrupted'],
    ['ETIMEDOUT', true, 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', true, 'timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', true, 'timeout'],
  ])('takes %s, with the request begun: %s, for %s', (code, began, kind) => {
    const cause = failed(code)
    const error = transportFailure(cause, began)
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ kind, cause })
  })

  it.each(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_INVALID_ARG'])(
    'takes %s before the request for a dispatcher that cannot be used',
    (code) => {
      const error = transportFailure(failed(code), false)
      expect(error).toBeInstanceOf(InvalidOptionError)
    },
  )

  it('says what each address of a host said', () => {
    const both = new AggregateError([failed('ECONNREFUSED', 'v4'), failed('ECONNREFUSED', 'v6')])
    const error = transportFailure(Object.assign(both, { code: 'ECONNREFUSED' }), false)
    expect(error.message).toBe('no connection: v4; v6')
  })

  it('leaves errors of this library alone', () => {
    const error = new MalformedResponseError('', { status: 200, snapshot: '' })
    expect(transportFailure(error, true)).toBe(error)
  })

  it('copes with what is no error', () => {
    expect(transportFailure('boom', true).message).toBe('connection lost: unknown reason')
  })

  it('shows no secret of a request that the dispatcher quotes', () => {
    const cause = new Error('no mock for headers {"authorization":"OSS id:c2VjcmV0"}')
    const error = transportFailure(cause, false, false, ['c2VjcmV0'])
    expect(error.message).toBe(
      'no connection: no mock for headers {"authorization":"OSS id:[redacted]"}',
    )
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('c2VjcmV0')
  })

  it('keeps a cause that shows none', () => {
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    expect(transportFailure(cause, true, true, ['c2VjcmV0']).cause).toBe(cause)
  })
})
