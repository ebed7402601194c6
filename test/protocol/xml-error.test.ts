import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeError, encodeError, isErrorDocument } from '../../src/protocol/xml.js'
import { MAX_DETAIL, MAX_DETAILS, MAX_MESSAGE } from '../../src/protocol/xml-error.js'

const bytes = (text: string) => Buffer.from(text)

describe('decodeError', () => {
  it.each([
    ['no code', '<Error><Message>m</Message></Error>'],
    ['an empty code', '<Error><Code> </Code></Error>'],
    ['two codes', '<Error><Code>A</Code><Code>B</Code></Error>'],
    ['a code with elements inside', '<Error><Code>A<b/></Code></Error>'],
    ['another root', '<error><Code>A</Code></error>'],
    ['something behind it', '<Error><Code>A</Code></Error><html/>'],
    ['its end cut off', '<Error><Code>A</Code><Mess'],
  ])('is undefined for a document with %s', (_, document) => {
    expect(decodeError(bytes(document))).toBeUndefined()
  })

  it('is content with a code alone', () => {
    expect(decodeError(bytes('<Error><Code>A</Code></Error>'))).toEqual({
      code: 'A',
      message: '',
      details: {},
    })
  })

  it('cuts everything it keeps', () => {
    const long = 'x'.repeat(10_000)
    const fields = ['Code', 'Message', 'RequestId', 'HostId', 'EC', 'Other']
    const error = decodeError(
      bytes(`<Error>${fields.map((name) => `<${name}>${long}</${name}>`).join('')}</Error>`),
    )
    expect(error?.message).toHaveLength(MAX_MESSAGE)
    const kept = [error?.code, error?.requestId, error?.hostId, error?.ec, error?.details.Other]
    for (const text of kept) {
      expect(text).toHaveLength(MAX_DETAIL)
    }
  })

  it('keeps a limited number of details, the first of each name', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `<D${index}>${index}</D${index}>`)
    const error = decodeError(bytes(`<Error><Code>A</Code><D0>first</D0>${many.join('')}</Error>`))
    expect(Object.keys(error?.details ?? {})).toHaveLength(MAX_DETAILS)
    expect(error?.details.D0).toBe('first')
  })

  it('keeps details called like members of an object as what they are', () => {
    const error = decodeError(
      bytes('<Error><Code>A</Code><__proto__>x</__proto__><toString>y</toString></Error>'),
    )
    expect(Object.entries(error?.details ?? {})).toEqual([
      ['__proto__', 'x'],
      ['toString', 'y'],
    ])
    expect(error?.details.constructor).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('never throws, whatever the bytes', () => {
    const markup = fc.constantFrom(
      '<Error>',
      '<Code>',
      '</Code>',
      '</Error>',
      '<',
      '&',
      'x',
      '<?',
      '<!--',
      ']]>',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.array(markup, { maxLength: 12 }).map((parts) => bytes(parts.join(''))),
        ),
        (body) => {
          const error = decodeError(body)
          if (error !== undefined) expect(error.code).not.toBe('')
          expect(typeof isErrorDocument(body)).toBe('boolean')
        },
      ),
    )
  })
})

describe('isErrorDocument', () => {
  it.each([
    ['plain', '<Error/>'],
    ['with a byte order mark', '\uFEFF<Error>'],
    ['with a prolog', '<?xml version="1.0"?>\r\n<!-- <a> - -- --><?p?>\n<Error><Code>'],
    ['with a namespace', '<Error xmlns="http://x">'],
    ['with a prefix', '<o:Error xmlns:o="x">'],
    ['truncated behind the first tag', '<Error><Code>Inter'],
    ['malformed behind the first tag', '<Error>&nbsp;'],
  ])('is true for an <Error> %s', (_, document) => {
    expect(isErrorDocument(bytes(document))).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['another root', '<CompleteMultipartUploadResult><Error/>'],
    ['a longer name', '<ErrorDocument/>'],
    ['another case', '<error/>'],
    ['a comment', '<!-- <Error> -->'],
    ['text before it', 'x<Error/>'],
    ["a callback's JSON", '{"Error":"<Error>"}'],
    ['a truncated name', '<Err'],
  ])('is false for %s', (_, document) => {
    expect(isErrorDocument(bytes(document))).toBe(false)
  })
})

describe('encodeError', () => {
  it('writes the fields in the order of the service, with the page about the EC', () => {
    const document = encodeError({
      code: 'NoSuchUpload',
      message: 'Gone & <away>.',
      requestId: '5C3D9175B6FC201293AD0001',
      hostId: 'b.oss-cn-hangzhou.aliyuncs.com',
      ec: '0042-00000104',
      details: { UploadId: '0004895E36' },
    })
    expect(document).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<Error>
  <Code>NoSuchUpload</Code>
  <Message>Gone &amp; &lt;away&gt;.</Message>
  <RequestId>5C3D9175B6FC201293AD0001</RequestId>
  <HostId>b.oss-cn-hangzhou.aliyuncs.com</HostId>
  <UploadId>0004895E36</UploadId>
  <EC>0042-00000104</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0042-00000104</RecommendDoc>
</Error>
`)
  })

  it('never costs the reader the code because of a strange key', () => {
    const document = encodeError({
      code: 'NoSuchKey',
      message: 'a\u0000b\uD800',
      details: { Key: 'k\u0001\uFFFF' },
    })
    expect(decodeError(bytes(document))).toEqual({
      code: 'NoSuchKey',
      message: 'a\uFFFDb\uFFFD',
      details: { Key: 'k\uFFFD\uFFFD' },
    })
  })
})
