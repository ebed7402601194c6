/**
 * The errors of the service, each with the status, code, message and EC that the service gives it.
 * Thrown by whoever notices, turned into an error document in one place (`answers.ts`).
 */

/** What else an error document may say. */
export interface FailureExtras {
  /** Fine-grained code, such as `0042-00000104`. */
  readonly ec?: string
  /** Further elements of the document, such as `BucketName`. */
  readonly details?: Readonly<Record<string, string>>
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that is an error; never leaves the server as an exception. */
export class Failure extends Error {
  readonly status: number
  /** `<Code>`. */
  readonly ossCode: string
  readonly ec: string | undefined
  readonly details: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, ossCode: string, message: string, extras: FailureExtras = {}) {
    super(message)
    this.name = 'Failure'
    this.status = status
    this.ossCode = ossCode
    this.ec = extras.ec
    this.details = extras.details ?? {}
    this.headers = extras.headers ?? {}
  }
}

/** The client went away, or was cut off on purpose: there is nobody to answer. */
export class Disconnected extends Error {
  constructor(cause?: unknown) {
    super('the connection ended before the request', { cause })
    this.name = 'Disconnected'
  }
}

export const failures = {
  noSuchBucket: (bucket: string) =>
    new Failure(404, 'NoSuchBucket', 'The specified bucket does not exist.', {
      ec: '0015-00000101',
      details: { BucketName: bucket },
    }),
  bucketNotEmpty: (bucket: string) =>
    new Failure(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty.', {
      ec: '0015-00000301',
      details: { BucketName: bucket },
    }),
  noSuchLifecycle: (bucket: string) =>
    new Failure(404, 'NoSuchLifecycle', 'No Row found in Lifecycle Table.', {
      ec: '0012-00000204',
      details: { BucketName: bucket },
    }),
  missingArgument: (name: string, ec?: string) =>
    new Failure(400, 'MissingArgument', 'Missing Some Required Arguments.', {
      details: { ArgumentName: name },
      ...(ec === undefined ? {} : { ec }),
    }),
  callbackFailed: (message: string) =>
    new Failure(203, 'CallbackFailed', message, { ec: '0007-00000203' }),
  noSuchKey: (key: string) =>
    new Failure(404, 'NoSuchKey', 'The specified key does not exist.', {
      ec: '0026-00000001',
      details: { Key: key },
    }),
  noSuchUpload: (uploadId: string, ec: string) =>
    new Failure(
      404,
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      { ec, details: { UploadId: uploadId } },
    ),
  invalidArgument: (message: string, name?: string, value?: string, ec?: string) =>
    new Failure(400, 'InvalidArgument', message, {
      ...(ec === undefined ? {} : { ec }),
      details:
        name === undefined
          ? {}
          : { ArgumentName: name, ArgumentValue: (value ?? '').slice(0, 256) },
    }),
  invalidPartNumber: (value: string) =>
    failures.invalidArgument(
      'Part number must be an integer between 1 and 10000, inclusive.',
      'PartNumber',
      value,
      '0017-00000220',
    ),
  invalidPart: (partNumber: number, etag: string) =>
    new Failure(
      400,
      'InvalidPart',
      "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.",
      { details: { PartNumber: String(partNumber), ETag: etag.slice(0, 256) } },
    ),
  invalidPartOrder: () =>
    new Failure(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.', {
      ec: '0042-00000209',
    }),
  entityTooSmall: (partNumber: number, size: number) =>
    new Failure(
      400,
      'EntityTooSmall',
      'Your proposed upload smaller than the minimum allowed size.',
      {
        ec: '0042-00000213',
        details: {
          PartNumber: String(partNumber),
          ProposedSize: String(size),
          MinSizeAllowed: '102400',
        },
      },
    ),
  entityTooLarge: (limit: number) =>
    new Failure(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size.', {
      details: { MaxSizeAllowed: String(limit) },
    }),
  malformedXml: (detail?: string) =>
    new Failure(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema.',
      { ec: '0042-00000205', details: detail === undefined ? {} : { ErrorDetail: detail } },
    ),
  invalidDigest: (ec: '0017-00000502' | '0017-00000503', given: string, computed?: string) =>
    new Failure(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.', {
      ec,
      details: {
        'Content-MD5': given.slice(0, 64),
        ...(computed === undefined ? {} : { CalculatedContentMD5: computed }),
      },
    }),
  invalidCrc64: () =>
    new Failure(
      400,
      'InvalidCRC64',
      'The x-oss-hash-crc64ecma you specified does not match what we calculated.',
    ),
  missingContentLength: () =>
    new Failure(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.', {
      ec: '0017-00000101',
    }),
  incompleteBody: () =>
    new Failure(
      400,
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header.',
    ),
  requestTimeout: () =>
    new Failure(
      400,
      'RequestTimeout',
      'Your socket connection to the server was not read from or written to within the timeout period.',
    ),
  fileAlreadyExists: (ec: string) =>
    new Failure(
      409,
      'FileAlreadyExists',
      'The object you specified already exists and can not be overwritten.',
      { ec },
    ),
  preconditionFailed: (condition: string) =>
    new Failure(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold.',
      { details: { Condition: condition } },
    ),
  invalidRange: (range: string, size: number) =>
    new Failure(416, 'InvalidRange', 'The requested range cannot be satisfied.', {
      details: { ActualObjectSize: String(size), RangeRequested: range.slice(0, 256) },
      headers: { 'content-range': `bytes */${size}` },
    }),
  invalidBucketName: (bucket: string) =>
    new Failure(400, 'InvalidBucketName', 'The specified bucket is not valid.', {
      details: { BucketName: bucket.slice(0, 256) },
    }),
  invalidObjectName: (tooLong = false) =>
    new Failure(
      400,
      'InvalidObjectName',
      tooLong
        ? 'The Length of Object name must be less than 1024.'
        : 'The specified object is not valid.',
    ),
  anonymous: (reason: 'bucket acl' | 'object acl') =>
    failures.accessDenied(`You have no right to access this object because of ${reason}.`, {
      ec: '0003-00000001',
    }),
  accessDenied: (message: string, extras?: FailureExtras) =>
    new Failure(403, 'AccessDenied', message, extras),
  methodNotAllowed: (method: string) =>
    new Failure(
      405,
      'MethodNotAllowed',
      'The specified method is not allowed against this resource.',
      { details: { Method: method } },
    ),
  invalidTag: (value: string) =>
    new Failure(400, 'InvalidTag', 'The tags you specified are not valid.', {
      details: { ArgumentValue: value.slice(0, 256) },
    }),
  invalidEncryption: (value: string) =>
    new Failure(
      400,
      'InvalidEncryptionAlgorithmError',
      'The encryption algorithm you specified is not valid.',
      {
        details: {
          ArgumentName: 'x-oss-server-side-encryption',
          ArgumentValue: value.slice(0, 64),
        },
      },
    ),
  notImplemented: (header: string) =>
    new Failure(
      400,
      'NotImplemented',
      'A header you provided implies functionality that is not implemented.',
      { details: { Header: header } },
    ),
  internalError: () =>
    new Failure(500, 'InternalError', 'We encountered an internal error. Please try again.'),
} as const
