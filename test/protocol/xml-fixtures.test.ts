import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import {
  decodeCompleteRequest,
  decodeCompleteResult,
  decodeCopyObjectResult,
  decodeCopyPartResult,
  decodeError,
  decodeInitiateResult,
  decodeListPartsResult,
  decodeListUploadsResult,
  isErrorDocument,
} from '../../src/protocol/xml.js'
import { decodeLifecycle } from '../../src/protocol/xml-lifecycle.js'

const folder = new URL('../fixtures/xml/', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, folder))

/** An `<Error>` of the samples: they share request id and host. */
const ids = {
  requestId: '534B371674E88A4D8906008B',
  hostId: 'oss-example.oss-cn-hangzhou.aliyuncs.com',
}
const error = (code: string, message: string, ec?: string, details?: Record<string, string>) => ({
  code,
  message,
  ...ids,
  ...(ec === undefined ? {} : { ec }),
  details: {
    ...details,
    ...(ec === undefined ? {} : { RecommendDoc: `https://api.aliyun.com/troubleshoot?q=${ec}` }),
  },
})

const listedParts = {
  bucket: 'oss-example',
  key: 'multipart.data',
  uploadId: '0004B999EF5A239BB9138C6227D69F95',
  storageClass: 'Standard',
  partNumberMarker: 0,
  nextPartNumberMarker: 0,
  maxParts: 1000,
  isTruncated: false,
  parts: [],
}
const lastModified = '2012-02-23T07:01:34.000Z'

const listedUploads = {
  bucket: 'oss-example',
  keyMarker: '',
  uploadIdMarker: '',
  nextKeyMarker: 'oss.avi',
  nextUploadIdMarker: '0004B99B8E707874FC2D692FA5D77D3F',
  maxUploads: 1000,
  isTruncated: false,
  uploads: [],
  commonPrefixes: [],
}
const upload = {
  key: 'multipart.data',
  storageClass: 'Standard',
  initiated: '2012-02-23T04:18:23.000Z',
}

type Row = readonly [file: string, decode: (body: Uint8Array) => unknown, expected: unknown]

const DECODED: readonly Row[] = [
  [
    'init-response.xml',
    decodeInitiateResult,
    {
      bucket: 'oss-example',
      key: 'multipart.data',
      uploadId: '0004B9894A22E5B1888A1E29F8236E2D',
    },
  ],
  [
    'init-response-url.xml',
    decodeInitiateResult,
    { bucket: 'oss-example', key: 'dir/a b+中\n.txt', uploadId: '0004B9895DBBB6EC98E36' },
  ],
  [
    'init-response-numeric-uploadid.xml',
    decodeInitiateResult,
    { bucket: '007', key: '1e5', uploadId: '59666633543534635451' },
  ],
  [
    'init-response-exp-uploadid.xml',
    decodeInitiateResult,
    { bucket: 'b-1', key: '0x1F', uploadId: '0004895E36' },
  ],
  [
    'init-response-entities.xml',
    decodeInitiateResult,
    { bucket: 'oss-example', key: 'a&b<c>d"e\'f中😀', uploadId: '0004B9894A22E5B1' },
  ],
  [
    'init-response-cdata.xml',
    decodeInitiateResult,
    { bucket: 'oss-example', key: 'a<b>&c]]>d', uploadId: '0004B9895DBBB6EC98E36' },
  ],
  [
    'init-response-blanks-key.xml',
    decodeInitiateResult,
    { bucket: 'oss-example', key: ' lead and trail ', uploadId: '0004B9895DBBB6EC98E36' },
  ],
  [
    'init-response-bom-comments.xml',
    decodeInitiateResult,
    { bucket: 'oss-example', key: '', uploadId: '0004B9895DBBB6EC98E36' },
  ],
  [
    'complete-request.xml',
    decodeCompleteRequest,
    [
      { partNumber: 1, etag: '3349DC700140D7F86A078484278075A9' },
      { partNumber: 5, etag: '8EFDA8BE206636A695359836FE0A0E0A' },
      { partNumber: 8, etag: '8C315065167132444177411FDA149B92' },
    ],
  ],
  [
    'complete-request-go-escaped.xml',
    decodeCompleteRequest,
    [{ partNumber: 1, etag: '3349DC700140D7F86A078484278075A9' }],
  ],
  [
    'complete-request-unquoted-lower.xml',
    decodeCompleteRequest,
    [{ partNumber: 1, etag: '3349dc700140d7f86a078484278075a9' }],
  ],
  [
    'complete-request-unordered.xml',
    decodeCompleteRequest,
    [
      { partNumber: 5, etag: '8EFDA8BE206636A695359836FE0A0E0A' },
      { partNumber: 1, etag: '3349DC700140D7F86A078484278075A9' },
    ],
  ],
  [
    'complete-request-duplicate.xml',
    decodeCompleteRequest,
    [
      { partNumber: 1, etag: 'A' },
      { partNumber: 1, etag: 'A' },
    ],
  ],
  [
    'complete-response.xml',
    decodeCompleteResult,
    {
      location: 'http://oss-example.oss-cn-hangzhou.aliyuncs.com/multipart.data',
      bucket: 'oss-example',
      key: 'multipart.data',
      etag: 'B864DB6A936D376F9F8D3ED3BBE540DD-3',
    },
  ],
  [
    'complete-response-url.xml',
    decodeCompleteResult,
    {
      location: 'http://oss-example.oss-cn-hangzhou.aliyuncs.com/example%2Fobject',
      bucket: 'oss-example',
      key: 'example/object',
      etag: '3858F62230AC3C915F300C664312C11F-8',
    },
  ],
  [
    'complete-response-unquoted-etag.xml',
    decodeCompleteResult,
    { location: 'http://x/y', bucket: 'b-1', key: 'y', etag: '12345678901234567890123456789012-1' },
  ],
  [
    'list-parts-multi.xml',
    decodeListPartsResult,
    {
      ...listedParts,
      nextPartNumberMarker: 5,
      parts: [
        {
          partNumber: 1,
          etag: '3349DC700140D7F86A078484278075A9',
          size: 6291456,
          crc64: 9155262776200997152n,
          lastModified,
        },
        {
          partNumber: 2,
          etag: '3349DC700140D7F86A078484278075A9',
          size: 6291456,
          crc64: 9155262776200997152n,
          lastModified,
        },
        {
          partNumber: 5,
          etag: '7265F4D211B56873A381D321F586E4A9',
          size: 1024,
          crc64: 18446744073709551615n,
          lastModified,
        },
      ],
    },
  ],
  [
    'list-parts-single.xml',
    decodeListPartsResult,
    {
      ...listedParts,
      nextPartNumberMarker: 1,
      parts: [
        { partNumber: 1, etag: '3349DC700140D7F86A078484278075A9', size: 6291456, lastModified },
      ],
    },
  ],
  ['list-parts-empty.xml', decodeListPartsResult, listedParts],
  [
    'list-parts-url-numeric-key.xml',
    decodeListPartsResult,
    {
      ...listedParts,
      key: '007',
      nextPartNumberMarker: 1000,
      isTruncated: true,
      parts: [{ partNumber: 1, etag: '00000000000000000000000000000001', size: 1, lastModified }],
    },
  ],
  [
    'list-uploads-multi.xml',
    decodeListUploadsResult,
    {
      ...listedUploads,
      uploads: [
        { ...upload, uploadId: '0004B999EF518A1FE585B0C9360DC4C8' },
        { ...upload, uploadId: '0004B999EF5A239BB9138C6227D69F95' },
        { ...upload, key: 'oss.avi', uploadId: '0004B99B8E707874FC2D692FA5D77D3F' },
      ],
    },
  ],
  [
    'list-uploads-single-url.xml',
    decodeListUploadsResult,
    {
      ...listedUploads,
      isTruncated: true,
      uploads: [{ ...upload, key: 'a/b c+\u0000', uploadId: '1e308' }],
      commonPrefixes: ['dir/'],
    },
  ],
  ['list-uploads-empty.xml', decodeListUploadsResult, listedUploads],
  [
    'copy-part-response.xml',
    decodeCopyPartResult,
    { etag: '5B3C1A2E053D763E1B002CC607C5A0FE', lastModified: '2014-07-17T06:27:54.000Z' },
  ],
  [
    'copy-object-response.xml',
    decodeCopyObjectResult,
    { etag: 'C4CA4238A0B923820DCC509A6F75849B', lastModified: '2019-04-09T03:45:32.000Z' },
  ],
  [
    'lifecycle-abort.xml',
    decodeLifecycle,
    [{ id: 'abort-stale-uploads', prefix: '', enabled: true, abortMultipartUpload: { days: 7 } }],
  ],
  // The names of the decoy elements do no harm, and what is nested in one of them does not count.
  [
    'hostile-proto.xml',
    decodeInitiateResult,
    { bucket: '', key: '', uploadId: '0004B9895DBBB6EC98E36' },
  ],
  [
    'complete-200-error-body.xml',
    decodeError,
    {
      code: 'InternalError',
      message: 'Please contact the server administrator, oss@service.aliyun.com.',
      requestId: '5C3D9175B6FC201293AD0001',
      hostId: 'b.oss-cn-hangzhou.aliyuncs.com',
      details: {},
    },
  ],
  [
    'error-no-such-upload.xml',
    decodeError,
    error(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      '0042-00000104',
      { UploadId: '00358B75E5C546AF822369CE04A48A14' },
    ),
  ],
  [
    'error-no-such-bucket.xml',
    decodeError,
    error('NoSuchBucket', 'The specified bucket does not exist.', '0015-00000101', {
      BucketName: 'oss-example',
    }),
  ],
  [
    'error-no-such-key.xml',
    decodeError,
    error('NoSuchKey', 'The specified key does not exist.', '0026-00000001', { Key: 'a&b' }),
  ],
  [
    'error-invalid-part.xml',
    decodeError,
    error(
      'InvalidPart',
      "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.",
    ),
  ],
  [
    'error-invalid-part-order.xml',
    decodeError,
    error('InvalidPartOrder', 'The list of parts was not in ascending order.', '0042-00000209'),
  ],
  [
    'error-entity-too-small.xml',
    decodeError,
    error(
      'EntityTooSmall',
      'Your proposed upload smaller than the minimum allowed size.',
      '0042-00000213',
      { MinSizeAllowed: '102400', ProposedSize: '1', PartNumber: '1' },
    ),
  ],
  [
    'error-part-number.xml',
    decodeError,
    error(
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive.',
      '0017-00000220',
      { ArgumentName: 'PartNumber', ArgumentValue: '10001' },
    ),
  ],
  [
    'error-complete-all-body.xml',
    decodeError,
    error(
      'InvalidArgument',
      'Should not speficy both complete all header and http body.',
      '0042-00000216',
    ),
  ],
  [
    'error-file-already-exists.xml',
    decodeError,
    error(
      'FileAlreadyExists',
      'The object you specified already exists and can not be overwritten.',
      '0042-00000214',
    ),
  ],
  [
    'error-invalid-digest.xml',
    decodeError,
    error('InvalidDigest', 'The Content-MD5 you specified was invalid.', '0017-00000503'),
  ],
  [
    'error-malformed-xml.xml',
    decodeError,
    error(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema.',
      '0042-00000205',
    ),
  ],
  [
    'error-missing-content-length.xml',
    decodeError,
    error(
      'MissingContentLength',
      'You must provide the Content-Length HTTP header.',
      '0017-00000101',
    ),
  ],
  [
    'error-skew.xml',
    decodeError,
    error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      '0002-00000504',
      {
        MaxAllowedSkewMilliseconds: '900000',
        RequestTime: '2020-12-20T08:48:18.000Z',
        ServerTime: '2022-12-20T08:48:18.000Z',
      },
    ),
  ],
  [
    'error-signature.xml',
    decodeError,
    error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      '0002-00000040',
      {
        OSSAccessKeyId: 'LTAI5tExampleKeyId0000001',
        SignatureProvided: 'y5H7yzPsA/tP4+0tH1HHvPEwUv8=',
        StringToSign: 'GET\n\n\nWed, 11 May 2011 07:59:25 GMT\n/oss-example/?acl',
        StringToSignBytes: '47 45 54 0A 0A 0A',
      },
    ),
  ],
  [
    'error-access-key.xml',
    decodeError,
    error(
      'InvalidAccessKeyId',
      'The OSS Access Key Id you provided does not exist in our records.',
      '0002-00000902',
      { OSSAccessKeyId: 'ak' },
    ),
  ],
  [
    'error-endpoint.xml',
    decodeError,
    error(
      'AccessDenied',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      '0003-00001403',
      { Bucket: 'oss-example', Endpoint: 'oss-cn-shanghai.aliyuncs.com' },
    ),
  ],
  [
    'error-callback-failed.xml',
    decodeError,
    error('CallbackFailed', 'Error status : 301.', '0007-00000203'),
  ],
  [
    'error-internal.xml',
    decodeError,
    error('InternalError', 'Please contact the server administrator, oss@service.aliyun.com.'),
  ],
  [
    'error-throttled.xml',
    decodeError,
    error('UploadTrafficRateLimitExceeded', 'Please reduce your upload request traffic.'),
  ],
  [
    'error-whitespace-ns.xml',
    decodeError,
    {
      code: 'AccessDenied',
      message:
        'Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters',
      requestId: '1D842BC54255AAAA',
      hostId: 'oss-cn-hangzhou.aliyuncs.com',
      details: {},
    },
  ],
  [
    'error-reordered-unknown.xml',
    decodeError,
    { code: 'NoSuchBucket', message: '<b>no</b> &amp;', requestId: 'R1', details: {} },
  ],
  [
    'hostile-long-text.xml',
    decodeError,
    { code: 'AccessDenied', message: 'A'.repeat(4096), details: {} },
  ],
]

/** Refused with MalformedXmlError, for the reason that the message names. */
const REFUSED: readonly Row[] = [
  ['init-response-missing-uploadid.xml', decodeInitiateResult, /no <UploadId>/],
  ['init-response-truncated.xml', decodeInitiateResult, /unclosed elements/],
  ['complete-request-empty.xml', decodeCompleteRequest, /no <Part>/],
  ['complete-request-wrong-root.xml', decodeCompleteRequest, /root CompleteMultipartUpload/],
  ['complete-request-malformed.xml', decodeCompleteRequest, /unclosed elements/],
  ['complete-request-xxe.xml', decodeCompleteRequest, /document type/],
  ['complete-callback-response.json', decodeCompleteResult, /text outside the root/],
  ['hostile-duplicate-uploadid.xml', decodeInitiateResult, /several <UploadId>/],
]

/** Not an `<Error>` document that could be trusted, so `decodeError` knows nothing. */
const NO_ERROR: readonly string[] = [
  'error-empty.xml',
  'error-html-proxy.html',
  'error-plain.txt',
  'complete-callback-response.json',
  'complete-response.xml',
  'init-response-truncated.xml',
  'hostile-billion-laughs.xml',
  'hostile-xxe.xml',
  'hostile-deep.xml',
  'hostile-bad-utf8.xml',
  'hostile-control-chars.xml',
  'hostile-unknown-entity.xml',
]

const MANY_PARTS = 'hostile-many-parts.xml'

describe('the sample documents', () => {
  it.each(DECODED)('%s decodes to what its index says', (file, decode, expected) => {
    expect(decode(read(file))).toEqual(expected)
    // Any view of the bytes will do, not only a Buffer.
    expect(decode(new Uint8Array(read(file)))).toEqual(expected)
  })

  it.each(REFUSED)('%s is refused', (file, decode, message) => {
    expect(() => decode(read(file))).toThrow(MalformedXmlError)
    expect(() => decode(read(file))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message as RegExp) }),
    )
  })

  it.each(NO_ERROR)('%s is no error document', (file) => {
    expect(decodeError(read(file))).toBeUndefined()
  })

  it.each(DECODED)('%s is an <Error> to look at only if it is one', (file, decode) => {
    expect(isErrorDocument(read(file))).toBe(decode === decodeError)
  })

  it('a full page of 1,000 parts decodes', () => {
    const { parts, isTruncated, nextPartNumberMarker } = decodeListPartsResult(read(MANY_PARTS))
    expect(parts).toHaveLength(1000)
    expect(parts.map(({ partNumber }) => partNumber)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index + 1),
    )
    expect(parts.at(-1)).toEqual({
      partNumber: 1000,
      etag: '000000000000000000000000000003E8',
      size: 102400,
      lastModified,
    })
    expect([isTruncated, nextPartNumberMarker]).toEqual([true, 1000])
  })

  it('are all in these tables', () => {
    const known = [...DECODED, ...REFUSED].map(([file]) => file)
    const files = readdirSync(folder).filter((file) => file !== 'INDEX.md')
    expect([...new Set([...known, ...NO_ERROR, MANY_PARTS])].sort()).toEqual(files.sort())
  })
})
