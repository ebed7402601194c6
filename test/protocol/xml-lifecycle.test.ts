import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import { decodeLifecycle, encodeLifecycle } from '../../src/protocol/xml-lifecycle.js'

const bytes = (text: string) => Buffer.from(text)
const rule = (inner: string) =>
  bytes(`<LifecycleConfiguration><Rule>${inner}</Rule></LifecycleConfiguration>`)

describe('LifecycleConfiguration', () => {
  it('is read back as it was written', () => {
    const rules = [
      { id: '007', prefix: '', enabled: true, abortMultipartUpload: { days: 7 } },
      {
        prefix: ' a&b/',
        enabled: false,
        expiration: { days: 365 },
        abortMultipartUpload: { createdBeforeDate: '2025-01-01T00:00:00.000Z' },
      },
    ]
    expect(decodeLifecycle(bytes(encodeLifecycle(rules)))).toEqual(rules)
  })

  it('keeps a rule without the actions it does not understand', () => {
    const document = rule(
      '<Prefix>p</Prefix><Status>Enabled</Status>' +
        '<Transition><Days>30</Days><StorageClass>IA</StorageClass></Transition>',
    )
    expect(decodeLifecycle(document)).toEqual([{ prefix: 'p', enabled: true }])
  })

  it.each([
    ['no rule', bytes('<LifecycleConfiguration/>')],
    ['no status', rule('<Prefix/>')],
    ['another status', rule('<Status>enabled</Status>')],
    ['no time', rule('<Status>Enabled</Status><AbortMultipartUpload/>')],
    ['no days', rule('<Status>Enabled</Status><Expiration><Days>0</Days></Expiration>')],
    [
      'days that are no integer',
      rule('<Status>Enabled</Status><Expiration><Days>1.5</Days></Expiration>'),
    ],
    [
      'two times',
      rule(
        '<Status>Enabled</Status><Expiration><Days>1</Days><CreatedBeforeDate>2025-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>',
      ),
    ],
  ])('is refused with %s', (_, document) => {
    expect(() => decodeLifecycle(document)).toThrow(MalformedXmlError)
  })
})
