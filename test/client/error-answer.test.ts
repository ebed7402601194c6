import { describe, expect, it } from 'vitest'
import { retryAfter, serviceError } from '../../src/client/error-answer.js'
import type { Answer } from '../../src/client/transport.js'
import { encodeError } from '../../src/protocol/xml.js'

const NOW = Date.UTC(2026, 10, 24, 12)

function answer(status: number, body = '', headers: Record<string, string> = {}): Answer {
  return { status, headers, body: Buffer.from(body) }
}

const document = encodeError({
  code: 'NoSuchUpload',
  message: 'The specified upload does not exist.',
  requestId: '534B',
  ec: '0042-00000104',
})

describe('serviceError', () => {
  it('says what the document says', () => {
    expect(serviceError(answer(404, document), { method: 'PUT' })).toMatchObject({
      status: 404,
      ossCode: 'NoSuchUpload',
      ossMessage: 'The specified upload does not exist.',
      requestId: '534B',
      ec: '0042-00000104',
    })
  })

  it.each(['s', 'oa', 'sec', 'key'])('says it with a secret as short as %s, too', (secret) => {
    const told = { ...answer(404, document), secrets: ['OSS id:c2VjcmV0', secret] }
    expect(serviceError(told, { method: 'PUT' })).toMatchObject({
      ossCode: 'NoSuchUpload',
      ossMessage: 'The specified upload does not exist.',
    })
  })

  it('takes the document of a HEAD from x-oss-err', () => {
    const headers = { 'x-oss-err': Buffer.from(document).toString('base64') }
    const error = serviceError(answer(404, '', headers), { method: 'HEAD' })
    expect(error).toMatchObject({ ossCode: 'NoSuchUpload', ec: '0042-00000104' })
  })

  it('takes the id and the fine-grained code from the headers if need be', () => {
    const headers = { 'x-oss-request-id': '5F', 'x-oss-ec': '0026-00000001' }
    expect(serviceError(answer(404, '', headers), { method: 'HEAD' })).toMatchObject({
      ossCode: 'NoSuchKey',
      requestId: '5F',
      ec: '0026-00000001',
    })
  })

  it.each([
    ['HEAD', 404, 'NoSuchKey'],
    ['HEAD', 412, 'PreconditionFailed'],
    ['HEAD', 403, undefined],
    ['GET', 404, undefined],
  ])('of a bare answer to %s with %i has the code %s', (method, status, code) => {
    const headers = { 'x-oss-request-id': '5F' }
    expect(serviceError(answer(status, '', headers), { method }).ossCode).toBe(code)
  })

  it.each([404, 412])(
    'believes a bare %i only of the service, which gives a request id',
    (status) => {
      expect(serviceError(answer(status), { method: 'HEAD' }).ossCode).toBeUndefined()
    },
  )

  it('keeps the beginning of what is no document', () => {
    const html = `<html><h1>502 Bad Gateway</h1>${'x'.repeat(5000)}`
    const error = serviceError(answer(502, html), { method: 'PUT' })
    expect(error.ossCode).toBeUndefined()
    expect(error.snapshot).toHaveLength(1024)
    expect(error.message).toContain('502: "<html><h1>502 Bad Gateway')
  })

  it.each([
    ['Date', 'Tue, 24 Nov 2026 10:00:00 GMT', undefined, '2026-11-24T10:00:00.000Z'],
    ['ServerTime', undefined, '2026-11-24T10:00:00.000Z', '2026-11-24T10:00:00.000Z'],
    [
      'ServerTime rather than a Date of 1970',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      '2026-11-24T10:00:00.000Z',
      '2026-11-24T10:00:00.000Z',
    ],
    ['neither if both are nonsense', 'yesterday', 'tomorrow', undefined],
  ])('has the time of %s', (_, date, element, expected) => {
    const body = encodeError({
      code: 'RequestTimeTooSkewed',
      message: '',
      ...(element === undefined ? {} : { details: { ServerTime: element } }),
    })
    const headers = date === undefined ? {} : { date }
    const error = serviceError(answer(403, body, headers), { method: 'PUT' })
    expect(error.serverDate?.toISOString()).toBe(expected)
  })
})

describe('retryAfter', () => {
  const date = 'Tue, 24 Nov 2026 10:00:00 GMT'
  it.each([
    [{}, undefined],
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Tue, 24 Nov 2026 12:00:05 GMT' }, 5000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 11:00:00 GMT' }, 0],
    // By the server's own clock, whatever ours says.
    [{ 'retry-after': 'Tue, 24 Nov 2026 10:00:05 GMT', date }, 5000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'x-oss-qos-delay-time': '141' }, 141],
    [{ 'x-oss-qos-delay-time': '141', 'retry-after': '1' }, 1000],
    [{ 'x-oss-qos-delay-time': '9e9' }, undefined],
  ])('of %o is %s ms', (headers, expected) => {
    expect(retryAfter({ ...headers }, NOW)).toBe(expected)
  })
})
