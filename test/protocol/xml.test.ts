import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import {
  decodeCompleteRequest,
  decodeCompleteResult,
  decodeCopyObjectResult,
  decodeCopyPartResult,
  decodeInitiateResult,
  decodeListPartsResult,
  decodeListUploadsResult,
  encodeCompleteRequest,
  encodeCompleteResult,
  encodeCopyObjectResult,
  encodeCopyPartResult,
  encodeInitiateResult,
  encodeListPartsResult,
  encodeListUploadsResult,
} from '../../src/protocol/xml.js'

const bytes = (text: string) => Buffer.from(text)

/** Any well-formed Unicode: control characters, NUL, markup, percent and plus signs. */
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...' +%&<>"\'/\r\n\t\0\u0001\uFFFF2Bé中😀'), minLength: 1 }),
)
const etag = fc.stringMatching(/^[0-9A-F]{32}(-\d{1,5})?$/)
const uploadId = fc.stringMatching(/^(0{0,3}\d{1,20}|\d{1,5}[eE]\d{1,3}|[0-9A-F]{21,32})$/)
const size = fc.integer({ min: 0, max: 5 * 2 ** 40 })
const time = fc.constantFrom('2012-02-23T07:01:34.000Z', '2026-11-22T00:00:00.000Z')
const storageClass = fc.constantFrom('Standard', 'IA')
const part = fc.record(
  {
    partNumber: fc.integer({ min: 1, max: 10_000 }),
    etag,
    size,
    crc64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    lastModified: time,
  },
  { requiredKeys: ['partNumber', 'etag', 'size'] },
)
const page = { bucket: fc.constantFrom('007', 'oss-example'), isTruncated: fc.boolean() }
const initiateResult = fc.record({ bucket: page.bucket, key, uploadId })
const completeResult = fc.record(
  { location: fc.constant('http://b.host/a%2Fb?x=1&y'), bucket: page.bucket, key, etag },
  { requiredKeys: ['bucket', 'key', 'etag'] },
)
const listPartsResult = fc.record(
  {
    ...page,
    key,
    uploadId,
    partNumberMarker: fc.nat(10_000),
    nextPartNumberMarker: fc.nat(10_000),
    maxParts: fc.integer({ min: 1, max: 1000 }),
    storageClass,
    parts: fc.array(part, { maxLength: 4 }),
  },
  {
    requiredKeys: [
      'bucket',
      'key',
      'uploadId',
      'partNumberMarker',
      'nextPartNumberMarker',
      'maxParts',
      'isTruncated',
      'parts',
    ],
  },
)
const upload = fc.record(
  { key, uploadId, initiated: time, storageClass },
  { requiredKeys: ['key', 'uploadId'] },
)
const listUploadsResult = fc.record(
  {
    ...page,
    prefix: key,
    delimiter: key,
    keyMarker: fc.oneof(key, fc.constant('')),
    uploadIdMarker: fc.oneof(uploadId, fc.constant('')),
    nextKeyMarker: fc.oneof(key, fc.constant('')),
    nextUploadIdMarker: fc.oneof(uploadId, fc.constant('')),
    maxUploads: fc.integer({ min: 1, max: 1000 }),
    uploads: fc.array(upload, { maxLength: 4 }),
    commonPrefixes: fc.array(key, { maxLength: 3 }),
  },
  {
    requiredKeys: [
      'bucket',
      'keyMarker',
      'uploadIdMarker',
      'nextKeyMarker',
      'nextUploadIdMarker',
      'maxUploads',
      'isTruncated',
      'uploads',
      'commonPrefixes',
    ],
  },
)
const url = 'url' as const

describe('under encoding-type=url, every document is read back as it was written', () => {
  it('InitiateMultipartUploadResult', () => {
    fc.assert(
      fc.property(initiateResult, (result) => {
        const document = bytes(encodeInitiateResult({ ...result, encodingType: url }))
        expect(decodeInitiateResult(document)).toStrictEqual({ ...result })
      }),
    )
  })

  it('CompleteMultipartUploadResult', () => {
    fc.assert(
      fc.property(completeResult, (result) => {
        const document = bytes(encodeCompleteResult({ ...result, encodingType: url }))
        expect(decodeCompleteResult(document)).toStrictEqual({ ...result })
      }),
    )
  })

  it('ListPartsResult', () => {
    fc.assert(
      fc.property(listPartsResult, (result) => {
        const document = bytes(encodeListPartsResult({ ...result, encodingType: url }))
        expect(decodeListPartsResult(document)).toEqual(result)
      }),
    )
  })

  it('ListMultipartUploadsResult', () => {
    fc.assert(
      fc.property(listUploadsResult, (result) => {
        const document = bytes(encodeListUploadsResult({ ...result, encodingType: url }))
        expect(decodeListUploadsResult(document)).toEqual(result)
      }),
    )
  })

  it('CopyPartResult and CopyObjectResult', () => {
    const copy = fc.record({ etag, lastModified: time }, { requiredKeys: ['etag'] })
    fc.assert(
      fc.property(copy, (result) => {
        expect(decodeCopyPartResult(bytes(encodeCopyPartResult(result)))).toEqual(result)
        expect(decodeCopyObjectResult(bytes(encodeCopyObjectResult(result)))).toEqual(result)
      }),
    )
  })
})

describe('names', () => {
  const initiate = (fields: string) =>
    bytes(
      `<InitiateMultipartUploadResult>${fields}<UploadId>1</UploadId></InitiateMultipartUploadResult>`,
    )

  it('are written raw without encoding-type, and read back or refused, never changed', () => {
    fc.assert(
      fc.property(initiateResult, (result) => {
        const document = bytes(encodeInitiateResult(result))
        const illegal = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(result.key)
        if (illegal) expect(() => decodeInitiateResult(document)).toThrow(MalformedXmlError)
        else expect(decodeInitiateResult(document)).toEqual(result)
      }),
    )
  })

  it.each([
    ['a+b', 'a+b'],
    ['a%2Bb%20c', 'a+b c'],
    ['%25%32%42', '%2B'],
    ['%E4%B8%AD', '中'],
    ['a/b', 'a/b'],
  ])('of %s are %s when the document is url-encoded', (encoded, expected) => {
    const document = initiate(`<EncodingType>url</EncodingType><Key>${encoded}</Key>`)
    expect(decodeInitiateResult(document).key).toBe(expected)
  })

  it('with escapes stay as they are when the document is not url-encoded', () => {
    expect(decodeInitiateResult(initiate('<Key>a%2Bb</Key>')).key).toBe('a%2Bb')
    expect(decodeInitiateResult(initiate('<EncodingType/><Key>%</Key>')).key).toBe('%')
  })

  it.each(['%', '%4', '%zz', '%FF', '%C0%AF', '%ED%A0%80'])(
    'that are malformed under encoding-type=url are refused: %s',
    (encoded) => {
      const document = initiate(`<EncodingType>url</EncodingType><Key>${encoded}</Key>`)
      expect(() => decodeInitiateResult(document)).toThrow(MalformedXmlError)
    },
  )

  it('under an unknown encoding are refused', () => {
    const document = initiate('<EncodingType>base64</EncodingType><Key>YQ</Key>')
    expect(() => decodeInitiateResult(document)).toThrow(MalformedXmlError)
  })
})

describe('CompleteMultipartUpload', () => {
  const request = (inner: string) =>
    bytes(`<CompleteMultipartUpload>${inner}</CompleteMultipartUpload>`)
  const one = (number: string, tag: string) =>
    request(`<Part><PartNumber>${number}</PartNumber><ETag>${tag}</ETag></Part>`)

  it('is written with quoted ETags, in the order given', () => {
    expect(
      encodeCompleteRequest([
        { partNumber: 2, etag: 'B' },
        { partNumber: 1, etag: 'A' },
      ]),
    ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<CompleteMultipartUpload>
  <Part>
    <PartNumber>2</PartNumber>
    <ETag>"B"</ETag>
  </Part>
  <Part>
    <PartNumber>1</PartNumber>
    <ETag>"A"</ETag>
  </Part>
</CompleteMultipartUpload>
`)
  })

  it('of 10,000 parts is read back as it was written', () => {
    const parts = Array.from({ length: 10_000 }, (_, index) => ({
      partNumber: index + 1,
      etag: index.toString(16).toUpperCase().padStart(32, '0'),
    }))
    expect(decodeCompleteRequest(bytes(encodeCompleteRequest(parts)))).toEqual(parts)
  })

  it.each([
    'A1',
    '"A1"',
    '&quot;A1&quot;',
    '&#34;A1&#34;',
    '&#x22;A1&#x22;',
    ' "A1"\n',
    '<![CDATA["A1"]]>',
  ])('has the ETag A1 however it is spelt: %s', (spelt) => {
    expect(decodeCompleteRequest(one('3', spelt))).toEqual([{ partNumber: 3, etag: 'A1' }])
  })

  it('keeps case, order and repetition for the caller to judge', () => {
    const document = request(
      '<Part><ETag>b</ETag><PartNumber> 9 </PartNumber></Part>' +
        '<Part><PartNumber>0</PartNumber><ETag>A</ETag></Part>' +
        '<Part><PartNumber>9</PartNumber><ETag>b</ETag></Part>',
    )
    expect(decodeCompleteRequest(document)).toEqual([
      { partNumber: 9, etag: 'b' },
      { partNumber: 0, etag: 'A' },
      { partNumber: 9, etag: 'b' },
    ])
  })

  it.each(['', '1.5', '-1', '+1', '1e3', '0x1', 'one', '1 2', '9007199254740993', '٣'])(
    'is refused with the part number %j',
    (number) => {
      expect(() => decodeCompleteRequest(one(number, 'A'))).toThrow(MalformedXmlError)
    },
  )

  it.each([
    ['no part', request('')],
    ['an empty body', bytes('')],
    ['a part without ETag', request('<Part><PartNumber>1</PartNumber></Part>')],
    ['a part without number', request('<Part><ETag>A</ETag></Part>')],
    ['an empty ETag', one('1', '""')],
    ['two ETags', one('1', 'A</ETag><ETag>B')],
    ['two part numbers', one('1</PartNumber><PartNumber>2', 'A')],
    ['elements inside an ETag', one('1', 'A<b/>')],
    [
      'parts one level too deep',
      request('<Parts><Part><PartNumber>1</PartNumber><ETag>A</ETag></Part></Parts>'),
    ],
    ['another root', bytes('<completeMultipartUpload/>')],
  ])('is refused with %s', (_, document) => {
    expect(() => decodeCompleteRequest(document)).toThrow(MalformedXmlError)
  })
})

describe('ListPartsResult', () => {
  const list = (inner: string) => bytes(`<ListPartsResult>${inner}</ListPartsResult>`)

  it('makes do with what paging needs', () => {
    const document = list(
      '<IsTruncated>TRUE</IsTruncated><Part><PartNumber>4</PartNumber><ETag>A</ETag><Size>0</Size></Part>',
    )
    expect(decodeListPartsResult(document)).toEqual({
      bucket: '',
      key: '',
      uploadId: '',
      partNumberMarker: 0,
      nextPartNumberMarker: 4,
      maxParts: 1000,
      isTruncated: true,
      parts: [{ partNumber: 4, etag: 'A', size: 0 }],
    })
  })

  it.each([
    ['no IsTruncated', ''],
    ['an unknown IsTruncated', '<IsTruncated>yes</IsTruncated>'],
    [
      'a part without size',
      '<IsTruncated>false</IsTruncated><Part><PartNumber>4</PartNumber><ETag>A</ETag></Part>',
    ],
    [
      'a CRC-64 beyond 64 bits',
      '<IsTruncated>false</IsTruncated><Part><PartNumber>4</PartNumber><ETag>A</ETag><Size>1</Size><HashCrc64ecma>18446744073709551616</HashCrc64ecma></Part>',
    ],
  ])('is refused with %s', (_, inner) => {
    expect(() => decodeListPartsResult(list(inner))).toThrow(MalformedXmlError)
  })
})

describe('ListMultipartUploadsResult', () => {
  it.each([
    ['no key', '<Upload><UploadId>1</UploadId></Upload>'],
    ['no upload id', '<Upload><Key>k</Key></Upload>'],
    ['an empty upload id', '<Upload><Key>k</Key><UploadId> </UploadId></Upload>'],
  ])('is refused with an upload that has %s', (_, inner) => {
    const document = bytes(
      `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${inner}</ListMultipartUploadsResult>`,
    )
    expect(() => decodeListUploadsResult(document)).toThrow(MalformedXmlError)
  })
})

describe('a damaged document', () => {
  interface Sample {
    readonly document: string
    readonly check: (body: Uint8Array) => void
  }

  const samples: fc.Arbitrary<Sample> = fc.oneof(
    initiateResult.map((result) => ({
      document: encodeInitiateResult({ ...result, encodingType: url }),
      check: (body: Uint8Array) => {
        const read = decodeInitiateResult(body)
        expect(read).toEqual({
          bucket: expect.any(String),
          key: expect.any(String),
          uploadId: expect.stringMatching(/./),
        })
      },
    })),
    completeResult.map((result) => ({
      document: encodeCompleteResult({ ...result, encodingType: url }),
      check: (body: Uint8Array) => {
        const { bucket, key, etag } = decodeCompleteResult(body)
        expect([typeof bucket, typeof key, typeof etag]).toEqual(['string', 'string', 'string'])
        expect(etag).not.toBe('')
      },
    })),
    listPartsResult.map((result) => ({
      document: encodeListPartsResult({ ...result, encodingType: url }),
      check: (body: Uint8Array) => {
        const read = decodeListPartsResult(body)
        expect([typeof read.isTruncated, typeof read.key]).toEqual(['boolean', 'string'])
        for (const { partNumber, etag, size, crc64 } of read.parts) {
          expect(Number.isSafeInteger(partNumber) && Number.isSafeInteger(size)).toBe(true)
          expect(etag).not.toBe('')
          if (crc64 !== undefined) expect(BigInt.asUintN(64, crc64)).toBe(crc64)
        }
      },
    })),
    listUploadsResult.map((result) => ({
      document: encodeListUploadsResult({ ...result, encodingType: url }),
      check: (body: Uint8Array) => {
        const read = decodeListUploadsResult(body)
        expect(Number.isSafeInteger(read.maxUploads)).toBe(true)
        for (const { key, uploadId } of read.uploads) expect(key && uploadId).toMatch(/./s)
        for (const prefix of read.commonPrefixes) expect(prefix).toMatch(/./s)
      },
    })),
    fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => ({
      document: encodeCompleteRequest(parts),
      check: (body: Uint8Array) => {
        const read = decodeCompleteRequest(body)
        expect(read.length).toBeGreaterThan(0)
        for (const { partNumber, etag } of read) {
          expect(Number.isSafeInteger(partNumber)).toBe(true)
          expect(etag).not.toBe('')
        }
      },
    })),
  )

  const junk = fc.constantFrom(
    '<',
    '>',
    '&',
    ';',
    '"',
    '/',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '<!DOCTYPE x [',
    '&#0;',
    '&x;',
    '%',
    '%2',
    '\0',
    '<UploadId>',
    '</UploadId>',
    '<__proto__>',
    '</__proto__>',
    '<__proto__/>',
    '<constructor/>',
    '<Key/>',
    '<Part/>',
    'e5',
    '-',
    ' ',
    '\n',
    '\uFEFF',
  )
  /** Cuts out a stretch, puts something in its place; positions are fractions of the length. */
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.oneof(fc.constant(0), fc.nat(12), fc.nat(400)),
    put: fc.oneof(junk, fc.constant(''), fc.string({ unit: 'binary', maxLength: 3 })),
  })
  /** Sets one byte to anything: bad UTF-8 too. */
  const smudge = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) })

  it('is still of the right shape or refused as malformed, and nothing else', () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(
        samples,
        fc.array(edit, { maxLength: 3 }),
        fc.array(smudge, { maxLength: 1 }),
        ({ document, check }, edits, smudges) => {
          let text = document
          for (const { at, cut, put } of edits) {
            const start = Math.floor(at * text.length)
            text = text.slice(0, start) + put + text.slice(start + cut)
          }
          const body = bytes(text)
          for (const { at, byte } of smudges) body[Math.floor(at * (body.length - 1))] = byte
          try {
            check(body)
            accepted += 1
          } catch (error) {
            if (!(error instanceof MalformedXmlError)) throw error
            refused += 1
          }
          expect(Object.keys(Object.prototype)).toEqual([])
          expect('UploadId' in {}).toBe(false)
        },
      ),
      { numRuns: 1500 },
    )
    // Else it has tried one side only.
    expect(Math.min(accepted, refused)).toBeGreaterThan(50)
  })

  it('is refused wherever it is cut off', () => {
    fc.assert(
      fc.property(
        samples,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ document, check }, at) => {
          // Behind the last `>` there is a line feed only.
          const length = Math.floor(at * (document.length - 2))
          expect(() => check(bytes(document.slice(0, length)))).toThrow(MalformedXmlError)
        },
      ),
    )
  })
})
