import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { presignV1, signV1 } from '../../src/protocol/signature-v1.js'
import { presignV4, signV4 } from '../../src/protocol/signature-v4.js'

interface Vector {
  name: string
  version: 'v1' | 'v4'
  method: string
  bucket: string | null
  key: string | null
  query: Record<string, string>
  headers: Record<string, string>
  signedHeaders: Record<string, string>
  credentials: { accessKeyId: string; accessKeySecret: string; securityToken?: string }
  date: string
  region: string
  product: string
  additionalHeaders?: string[]
  extraSubresources?: string[]
  presign?: { expires: number }
  expected: {
    authorization: string | null
    signature: string
    stringToSign: string
    canonicalRequest?: string
    query?: Record<string, string>
  }
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../fixtures/signatures.json', import.meta.url), 'utf8'),
)

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

describe('the published signature vectors', () => {
  it.each(vectors)('are met by $version $name', (vector) => {
    const { method, query, credentials, region, product, expected } = vector
    const request = {
      method,
      bucket: vector.bucket ?? undefined,
      key: vector.key ?? undefined,
      query,
      headers: lowerCase(vector.headers),
    }
    const date = new Date(vector.date)
    const { additionalHeaders, extraSubresources } = vector
    if (vector.presign !== undefined) {
      const expiresSeconds = vector.presign.expires
      const signed =
        vector.version === 'v4'
          ? presignV4(request, {
              credentials,
              date,
              region,
              product,
              additionalHeaders,
              expiresSeconds,
            })
          : presignV1(request, { credentials, date, extraSubresources, expiresSeconds })
      expect(signed.stringToSign).toBe(expected.stringToSign)
      expect(signed.canonicalRequest).toBe(expected.canonicalRequest)
      expect(signed.query).toEqual(expected.query)
      return
    }
    const signed =
      vector.version === 'v4'
        ? signV4(request, { credentials, date, region, product, additionalHeaders })
        : signV1(request, { credentials, date, extraSubresources })
    expect(signed.canonicalRequest).toBe(expected.canonicalRequest)
    expect(signed.stringToSign).toBe(expected.stringToSign)
    expect(signed.signature).toBe(expected.signature)
    expect(signed.headers).toEqual({
      ...lowerCase(vector.signedHeaders),
      authorization: expected.authorization,
    })
  })
})
