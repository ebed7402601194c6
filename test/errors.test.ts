/** The errors' codes, fields and texts, as users match, read and print them. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ChildProcessError } from '../src/child-process-source.js'
import {
  CorruptDownloadError,
  DownloadError,
  ObjectChangedError,
  ObjectRangeError,
} from '../src/download-errors.js'
import {
  assignDefined,
  type CallContext,
  CredentialsError,
  DigestMismatchError,
  InvalidOptionError,
  MalformedResponseError,
  MalformedXmlError,
  OssError,
  type OssErrorCode,
  ServiceError,
  TransportError,
} from '../src/errors.js'
import { DataDirError } from '../src/server/data-dir-error.js'
import {
  asUploadError,
  CheckpointError,
  DestroyedError,
  PartLimitError,
  SizeMismatchError,
  SourceChangedError,
  UnexpectedDigestError,
  UploadError,
} from '../src/upload-errors.js'

const CAUSE = new Error('the cause')
const WHERE = { bucket: 'b', key: 'k', outcome: 'absent' } as const
const READ = { bucket: 'b', key: 'k', bytesRead: 3, cause: CAUSE }
const PLACE = { ...WHERE, cause: CAUSE }

/** One error of each class; the compiler asks for a row of every code. */
const CLASSES: Record<OssErrorCode, () => OssError> = {
  ERR_OSS_INVALID_OPTION: () => new InvalidOptionError('partSize', 'text', { cause: CAUSE }),
  ERR_OSS_CREDENTIALS: () => new CredentialsError('text', { cause: CAUSE }),
  ERR_OSS_TRANSPORT: () => new TransportError('interrupted', 'text', { cause: CAUSE }),
  ERR_OSS_SERVICE: () => new ServiceError({ status: 503 }),
  ERR_OSS_MALFORMED_RESPONSE: () =>
    new MalformedResponseError('text', { status: 200, snapshot: '<html>' }),
  ERR_OSS_MALFORMED_XML: () => new MalformedXmlError('text', { cause: CAUSE }),
  ERR_OSS_DIGEST_MISMATCH: () => new DigestMismatchError('md5', 'A', 'B', 'part 1'),
  ERR_OSS_UPLOAD: () => new UploadError('text', PLACE),
  ERR_OSS_SIZE_MISMATCH: () => new SizeMismatchError(5, 6, PLACE),
  ERR_OSS_PART_LIMIT: () => new PartLimitError(1000, PLACE),
  ERR_OSS_UNEXPECTED_DIGEST: () =>
    new UnexpectedDigestError('sha256', { expected: 'a', actual: 'b' }, PLACE),
  ERR_OSS_SOURCE_CHANGED: () => new SourceChangedError('it was written to', PLACE),
  ERR_OSS_CHECKPOINT: () => new CheckpointError('foreign', PLACE),
  ERR_OSS_DESTROYED: () => new DestroyedError(PLACE),
  ERR_OSS_DOWNLOAD: () => new DownloadError('text', READ),
  ERR_OSS_OBJECT_CHANGED: () => new ObjectChangedError('E', READ),
  ERR_OSS_RANGE: () => new ObjectRangeError(5, READ),
  ERR_OSS_CORRUPT_DOWNLOAD: () =>
    new CorruptDownloadError(
      { algorithm: 'md5', expected: 'a', actual: 'b', source: 'metadata' },
      READ,
    ),
  ERR_OSS_CHILD_PROCESS: () => new ChildProcessError('pg_dump', 'exited with 1', { stderr: '' }),
  ERR_OSS_DATA_DIR: () => new DataDirError('unusable', '/data', CAUSE),
}

const NAMES: Record<OssErrorCode, string> = {
  ERR_OSS_INVALID_OPTION: 'InvalidOptionError',
  ERR_OSS_CREDENTIALS: 'CredentialsError',
  ERR_OSS_TRANSPORT: 'TransportError',
  ERR_OSS_SERVICE: 'ServiceError',
  ERR_OSS_MALFORMED_RESPONSE: 'MalformedResponseError',
  ERR_OSS_MALFORMED_XML: 'MalformedXmlError',
  ERR_OSS_DIGEST_MISMATCH: 'DigestMismatchError',
  ERR_OSS_UPLOAD: 'UploadError',
  ERR_OSS_SIZE_MISMATCH: 'SizeMismatchError',
  ERR_OSS_PART_LIMIT: 'PartLimitError',
  ERR_OSS_UNEXPECTED_DIGEST: 'UnexpectedDigestError',
  ERR_OSS_SOURCE_CHANGED: 'SourceChangedError',
  ERR_OSS_CHECKPOINT: 'CheckpointError',
  ERR_OSS_DESTROYED: 'DestroyedError',
  ERR_OSS_DOWNLOAD: 'DownloadError',
  ERR_OSS_OBJECT_CHANGED: 'ObjectChangedError',
  ERR_OSS_RANGE: 'ObjectRangeError',
  ERR_OSS_CORRUPT_DOWNLOAD: 'CorruptDownloadError',
  ERR_OSS_CHILD_PROCESS: 'ChildProcessError',
  ERR_OSS_DATA_DIR: 'DataDirError',
}

const UPLOAD_CODES = [
  'ERR_OSS_UPLOAD',
  'ERR_OSS_SIZE_MISMATCH',
  'ERR_OSS_PART_LIMIT',
  'ERR_OSS_UNEXPECTED_DIGEST',
  'ERR_OSS_SOURCE_CHANGED',
  'ERR_OSS_CHECKPOINT',
  'ERR_OSS_DESTROYED',
]

/** Without colours, and without the stack, which holds paths. */
function shown(error: OssError): string {
  error.stack = `${error.name}: ${error.message}`
  return inspect(error, { depth: 10 })
}

const rows = Object.entries(CLASSES)

describe('each class', () => {
  it.each(rows)('has a code of its own: %s', (code, make) => {
    const error = make()
    expect(error.code).toBe(code)
    expect(error).toBeInstanceOf(OssError)
    expect(error).toBeInstanceOf(Error)
    expect(error instanceof UploadError).toBe(UPLOAD_CODES.includes(code))
    expect(error.name).toBe(Reflect.get(NAMES, code))
    expect(error.stack).toMatch(new RegExp(`^${error.name}: `))
    expect(String(error)).toBe(`${error.name}: ${error.message}`)
  })

  it.each(rows)('keeps its code among its own fields: %s', (code, make) => {
    const error = make()
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code })
    expect(shown(error)).toContain(`code: '${code}'`)
  })

  it.each(rows)('shows no row of `undefined`: %s', (_code, make) => {
    const error = make()
    expect(shown(error)).not.toContain('undefined')
    expect(Object.values(error)).not.toContain(undefined)
  })

  it.each(rows.filter(([, make]) => make().cause !== undefined))(
    'keeps its cause: %s',
    (_, make) => {
      const error = make()
      expect(error.cause).toBe(CAUSE)
      expect(shown(error)).toContain('[cause]: Error: the cause')
    },
  )

  it.each(rows.filter(([, make]) => make().cause === undefined))(
    'has no `cause` if there is none: %s',
    (_code, make) => {
      expect('cause' in make()).toBe(false)
    },
  )
})

describe('describe()', () => {
  const context: CallContext = {
    operation: 'UploadPart',
    target: 'oss://b/k',
    partNumber: 7,
    attempts: 5,
    elapsedMs: 12_345,
    uncertain: undefined,
  }
  const overloaded = () =>
    new ServiceError({
      status: 503,
      ossCode: 'ServiceUnavailable',
      ossMessage: 'Please reduce your request rate.',
      requestId: '5F0',
    })

  it('puts what the call was about before the text', () => {
    expect(overloaded().describe(context).message).toBe(
      'UploadPart 7 of oss://b/k failed after 5 attempts in 12.3 s: ' +
        '503 ServiceUnavailable: Please reduce your request rate. (request id 5F0)',
    )
  })

  it.each([
    [{ attempts: 1 }, 'UploadPart 7 of oss://b/k failed in 12.3 s: '],
    [{ attempts: 2, elapsedMs: 0 }, 'UploadPart 7 of oss://b/k failed after 2 attempts in 0.0 s: '],
    [{ partNumber: undefined }, 'UploadPart of oss://b/k failed after 5 attempts in 12.3 s: '],
    [
      { operation: 'ListBuckets', target: 'the service', partNumber: undefined },
      'ListBuckets of the service failed',
    ],
    [{ elapsedMs: 600_000 }, 'failed after 5 attempts in 600.0 s: '],
  ])('of %j', (change, text) => {
    expect(overloaded().describe({ ...context, ...change }).message).toContain(text)
  })

  it('sets the fields, and `uncertain` only if it is', () => {
    expect(overloaded().describe(context)).toMatchObject({
      operation: 'UploadPart',
      partNumber: 7,
      attempts: 5,
      elapsedMs: 12_345,
    })
    expect(overloaded().describe(context)).not.toHaveProperty('uncertain')
    expect(overloaded().describe({ ...context, uncertain: 'lost' }).uncertain).toBe('lost')
    const whole = overloaded().describe({ ...context, partNumber: undefined })
    expect('partNumber' in whole).toBe(false)
  })

  it('keeps the stack in step with the text', () => {
    const error = overloaded().describe(context)
    expect(error.stack).toContain(`ServiceError: ${error.message}\n`)
  })

  it('takes a text with `$&` as it is', () => {
    const error = new TransportError('unsent', 'costs $& and $1').describe(context)
    expect(error.message).toContain(': costs $& and $1')
    expect(error.stack).toContain(error.message)
  })

  it('holds for the first call that gives it', () => {
    const error = overloaded().describe(context)
    const { message } = error
    expect(error.describe({ ...context, operation: 'Other', attempts: 9 })).toBe(error)
    expect(error).toMatchObject({ message, operation: 'UploadPart', attempts: 5 })
  })
})

describe('InvalidOptionError', () => {
  const accept = (value: unknown) => InvalidOptionError.expected('o', 'good', value).message
  it.each([
    [undefined, 'nothing'],
    [null, '`null`'],
    [50, '`50` (number)'],
    [Number.NaN, '`NaN` (number)'],
    [-0, '`0` (number)'],
    [5n, '`5` (bigint)'],
    [true, '`true` (boolean)'],
    ['', '`` (string)'],
    ['50', '`50` (string)'],
    [['a'], 'an array'],
    [{ secret: 'x' }, 'a value of type object'],
    [() => 'secret', 'a value of type function'],
    [Symbol('secret'), 'a value of type symbol'],
    ['x'.repeat(81), `\`${'x'.repeat(80)}…\` (string)`],
  ])('says what came: %o', (value, text) => {
    expect(accept(value)).toBe(`Expected \`o\` to be good, got ${text}`)
  })

  it('names the option', () => {
    expect(InvalidOptionError.expected('partSize', 'large', 1).option).toBe('partSize')
  })
})

describe('ServiceError', () => {
  it.each([
    [{ status: 503 }, '503'],
    [{ status: 403, ossCode: 'AccessDenied' }, '403 AccessDenied'],
    [{ status: 403, ossCode: 'AccessDenied', ossMessage: '' }, '403 AccessDenied'],
    [
      { status: 404, ossCode: 'NoSuchKey', ossMessage: 'Gone.', requestId: '5F', ec: '0026-1' },
      '404 NoSuchKey: Gone. (request id 5F, EC 0026-1)',
    ],
    [{ status: 502, ec: '0026-1' }, '502 (EC 0026-1)'],
    [{ status: 502, snapshot: '<html>\n"x"' }, '502: "<html>\\n\\"x\\""'],
    [{ status: 403, ossCode: 'A', snapshot: 'not shown' }, '403 A'],
    [{ status: 502, snapshot: 's'.repeat(200) }, `502: "${'s'.repeat(120)}…"`],
    [{ status: 400, ossCode: 'A', ossMessage: 'm'.repeat(600) }, `400 A: ${'m'.repeat(512)}…`],
  ])('reads %j', (details, text) => {
    expect(new ServiceError(details).message).toBe(text)
  })

  it('has exactly the fields that were answered', () => {
    const serverDate = new Date(0)
    expect({ ...new ServiceError({ status: 503, retryAfterMs: 0, serverDate }) }).toEqual({
      name: 'ServiceError',
      code: 'ERR_OSS_SERVICE',
      status: 503,
      retryAfterMs: 0,
      serverDate,
    })
  })
})

describe('TransportError', () => {
  it.each([
    ['unsent', undefined, false],
    ['timeout', undefined, true],
    ['interrupted', undefined, true],
    ['interrupted', false, false],
    ['timeout', false, false],
  ] as const)('%s, told that it was sent: %s, says %s', (kind, told, sent) => {
    const error = new TransportError(kind, 'text', told === undefined ? {} : { sent: told })
    expect(error).toMatchObject({ kind, sent, message: 'text' })
  })
})

describe('MalformedResponseError', () => {
  it('keeps no more than the first KiB', () => {
    const details = { status: 200, snapshot: 'x'.repeat(5000), requestId: '5F' }
    const error = new MalformedResponseError('200 with nonsense', details)
    expect(error).toMatchObject({ status: 200, requestId: '5F', snapshot: 'x'.repeat(1024) })
  })
})

describe('DigestMismatchError', () => {
  it.each([
    ['md5', 'MD5 of part 7 is A, the service has B'],
    ['crc64', 'CRC-64 of part 7 is A, the service has B'],
  ] as const)('of %s says which is whose', (algorithm, message) => {
    const error = new DigestMismatchError(algorithm, 'A', 'B', 'part 7')
    expect(error).toMatchObject({ message, algorithm, expected: 'A', actual: 'B' })
  })
})

describe('UploadError', () => {
  const refused = () =>
    new ServiceError({ status: 403, ossCode: 'AccessDenied', requestId: '5F', ec: '0003-1' })
  const described = () =>
    refused().describe({
      operation: 'UploadPart',
      target: 'oss://b/k',
      partNumber: 7,
      attempts: 3,
      elapsedMs: 50,
      uncertain: undefined,
    })

  it("has the fields of the request's error", () => {
    const cause = described()
    const error = new UploadError(cause.message, { ...WHERE, uploadId: 'U', cause })
    expect({ ...error }).toEqual({
      name: 'UploadError',
      code: 'ERR_OSS_UPLOAD',
      bucket: 'b',
      key: 'k',
      outcome: 'absent',
      operation: 'UploadPart',
      partNumber: 7,
      uploadId: 'U',
      attempts: 3,
      elapsedMs: 50,
      status: 403,
      ossCode: 'AccessDenied',
      requestId: '5F',
      ec: '0003-1',
    })
  })

  it('takes what it is told before what its cause says', () => {
    const details = { ...WHERE, operation: 'CompleteMultipartUpload', partNumber: 1 }
    const error = new UploadError('text', { ...details, cause: described() })
    expect(error).toMatchObject({ operation: 'CompleteMultipartUpload', partNumber: 1 })
  })

  it('has nothing of a foreign cause', () => {
    const cause = Object.assign(new Error('x'), { status: 500, attempts: 9, operation: 'o' })
    expect({ ...new UploadError('text', { ...WHERE, cause }) }).toEqual({
      name: 'UploadError',
      code: 'ERR_OSS_UPLOAD',
      ...WHERE,
    })
  })
})

describe('asUploadError', () => {
  it("puts an upload around a request's error, with its text", () => {
    const cause = new TransportError('interrupted', 'connection lost')
    const error = asUploadError(cause, { ...WHERE, uploadId: 'U' })
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({ message: 'connection lost', cause, uploadId: 'U' })
  })

  it.each([
    ["an upload's own error", new DestroyedError(WHERE)],
    ['a foreign error', new Error('mine')],
    ['what is no error at all', 'a text'],
    ['nothing', undefined],
  ])('leaves %s as it is', (_name, error) => {
    expect(asUploadError(error, WHERE)).toBe(error)
  })
})

describe("an upload's own errors", () => {
  it('tell by how much a size was missed', () => {
    const shorter = new SizeMismatchError(10, 5, WHERE)
    expect(shorter).toMatchObject({ expected: 10, actual: 5, outcome: 'absent' })
    expect(shorter.message).toBe('Expected exactly 10 bytes for oss://b/k, got 5')
    expect(new SizeMismatchError(10, 11, WHERE).message).toMatch(/, got at least 11$/)
  })

  it('tell what to raise when the parts run out', () => {
    const error = new PartLimitError(1000, WHERE)
    expect(error.capacity).toBe(1000)
    expect(error.message).toMatch(
      /^oss:\/\/b\/k is longer than the 1000 bytes .*`expectedSize`, or raise `maxMemory` or `partSize`$/,
    )
  })
})

describe('assignDefined', () => {
  it('leaves out what is undefined, but not what is empty', () => {
    const target = {}
    assignDefined(target, { a: undefined, b: null, c: 0, d: '', e: false })
    expect(target).toEqual({ b: null, c: 0, d: '', e: false })
    expect('a' in target).toBe(false)
  })
})
