import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import { type FaultAction, type FaultMatch, FaultScript } from '../../src/server/faults.js'

const FAIL = { status: 500 }

describe('faults.add', () => {
  it.each<[string, unknown, unknown, string]>([
    ['an operation in the wrong case', { operation: 'uploadPart' }, FAIL, '`UploadPart`'],
    ['an unknown one of several', { operation: ['UploadPart', 'Put'] }, FAIL, '`Put`'],
    ['no operation of several', { operation: [] }, FAIL, 'Expected `operation`'],
    ['a misspelt match', { operatoin: 'UploadPart' }, FAIL, 'did you mean `operation`?'],
    ['a part number that is a text', { partNumber: '3' }, FAIL, 'Expected `partNumber`'],
    ['a part number that no part has', { partNumber: 0 }, FAIL, 'from 1 to 10000'],
    [
      'the part of an operation without parts',
      { operation: 'PutObject', partNumber: 3 },
      FAIL,
      'Expected `partNumber` to be left out, as PutObject has none',
    ],
    [
      'the upload of operations without one',
      { operation: ['PutObject', 'CopyObject'], uploadId: 'u' },
      FAIL,
      'Expected `uploadId` to be left out, as PutObject or CopyObject has none',
    ],
    [
      'the key of an operation on a bucket',
      { operation: 'DeleteMultipleObjects', key: 'k' },
      FAIL,
      'Expected `key` to be left out',
    ],
    [
      'the bucket of an operation on all',
      { operation: 'ListBuckets', bucket: 'b' },
      FAIL,
      'Expected `bucket` to be left out',
    ],
    [
      'a stored byte of an operation that stores none',
      { operation: 'CompleteMultipartUpload' },
      { corrupt: 'stored' },
      'CompleteMultipartUpload stores no bytes',
    ],
    [
      'a byte on its way of operations without a body',
      { operation: ['GetObject', 'InitiateMultipartUpload'] },
      { corrupt: 'received' },
      'GetObject or InitiateMultipartUpload sends no body',
    ],
    ['a pattern for a key', { key: /a/ }, FAIL, 'Expected `key` to be a text'],
    ['no times', { times: 0 }, FAIL, 'Expected `times` to be an integer from 1, or Infinity'],
    ['a negative skip', { skip: -1 }, FAIL, 'Expected `skip` to be an integer from 0'],
    ['no match', undefined, FAIL, 'Expected `match`'],
    ['no action', {}, {}, 'Expected `action`'],
    ['an action whose field is undefined', {}, { reset: undefined }, 'Expected `action`'],
    ['a misspelt action', {}, { stauts: 500 }, 'did you mean `status`?'],
    ['a field of another action', {}, { reset: 'mid-body', status: 500 }, 'option `reset`'],
    ['a status that is a text', {}, { status: '503' }, 'Expected `status`'],
    ['a status that ends no answer', {}, { status: 100 }, 'an integer from 200 to 599'],
    ['an unknown moment', {}, { status: 503, when: 'later' }, '`before-body` or `after-body`'],
    ['processing before an error', {}, { status: 503, process: true }, 'option `process`'],
    ['bytes without a status', {}, { body: 'x' }, 'Expected `status`'],
    ['a code of bytes', {}, { status: 500, body: 'x', code: 'Y' }, 'option `code`'],
    ['an unknown place of a reset', {}, { reset: 'midbody' }, '`before-body` or `mid-body`'],
    ['dropping all', {}, { drop: true }, 'Expected `drop` to be `answer`'],
    ['an unknown place of a hold', {}, { hold: 'arival' }, '`arrival` or `before-answer`'],
    ['a negative delay', {}, { delayMs: -1 }, 'Expected `delayMs`'],
    [
      'an unknown corruption',
      {},
      { corrupt: 'md5' },
      '`received` or `stored` or `etag` or `crc64`',
    ],
    ['a header without a name', {}, { dropHeader: '' }, 'Expected `dropHeader`'],
    ['a header that is no text', {}, { setHeader: { a: 1 } }, 'Expected `setHeader`'],
    ['no headers to set', {}, { setHeader: {} }, 'at least one'],
    ['a header that splits', {}, { setHeader: { a: 'b\r\nc: d' } }, 'Expected `setHeader`'],
    ['a header with a blank', {}, { status: 500, headers: { 'a b': 'c' } }, 'Expected `headers`'],
    ['drops of nothing', {}, { drip: { bytes: 0 } }, 'Expected `drip`'],
    ['a misspelt drip', {}, { drip: { byte: 1 } }, 'did you mean `bytes`?'],
    ['a drip that is no object', {}, { drip: true }, 'Expected `drip`'],
    ['a negative break', {}, { breakAfter: -1 }, 'Expected `breakAfter`'],
    ['a token that does not expire', {}, { expireToken: false }, 'Expected `expireToken`'],
    ['a skew that is a text', {}, { skewMs: '1' }, 'Expected `skewMs`'],
  ])('refuses %s', (_name, match, action, message) => {
    const faults = new FaultScript()
    const add: unknown = faults.add.bind(faults)
    const attempt = () => typeof add === 'function' && add(match, action)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(InvalidOptionError)
    expect(faults.take({ operation: 'PutObject', bucket: 'b', key: 'k' }).isEmpty).toBe(true)
  })

  it.each<[FaultMatch, FaultAction]>([
    [{ operation: ['PutObject', 'UploadPart'], partNumber: 1 }, FAIL],
    [{ operation: 'UploadPartCopy', partNumber: 1, uploadId: 'u', key: 'k', bucket: 'b' }, FAIL],
    [{ operation: ['ListParts', 'AbortMultipartUpload'], uploadId: 'u' }, FAIL],
    [{ operation: 'ListObjectsV2', bucket: 'b' }, FAIL],
    [{ partNumber: 1, uploadId: 'u' }, { corrupt: 'stored' }],
    [{ operation: ['GetObject', 'AppendObject'] }, { corrupt: 'stored' }],
    [{}, { status: 500, headers: {} }],
  ])('takes %j with %j, which some request may agree with', (match, action) => {
    expect(new FaultScript().add(match, action).hits).toBe(0)
  })
})
