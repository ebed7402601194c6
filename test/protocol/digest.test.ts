import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  combineCrc64,
  crc64,
  createCrc64,
  createMd5,
  md5Base64,
  md5Hex,
  multipartEtag,
  parseContentMd5,
  parseCrc64,
  quoteEtag,
  unquoteEtag,
} from '../../src/protocol/digest.js'

interface Input {
  readonly hex?: string
  readonly utf8?: string
  readonly repeat?: { readonly hex: string; readonly count: number }
  readonly lcg?: { readonly seed: number; readonly count: number }
}

interface Crc64Vectors {
  readonly single: readonly { name: string; input: Input; length: number; crc64: string }[]
  readonly combine: readonly {
    name: string
    a: Input
    b: Input
    crcA: string
    crcB: string
    lenB: number
    combined: string
  }[]
  readonly combineLargeLengths: readonly {
    crcA: string
    crcB: string
    lenB: string
    combined: string
  }[]
  readonly foldParts: {
    readonly steps: readonly { crc: string; size: number; running: string }[]
    readonly total: string
  }
}

interface Md5Vectors {
  readonly single: readonly { name: string; input: Input; md5Hex: string; contentMd5: string }[]
  readonly contentMd5Invalid: readonly { value: string; why: string }[]
  readonly multipartEtag: readonly { name: string; parts: string[]; etag: string }[]
}

const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url)
const crc64Vectors: Crc64Vectors = JSON.parse(readFileSync(fixture('crc64.json'), 'utf8'))
const md5Vectors: Md5Vectors = JSON.parse(readFileSync(fixture('md5.json'), 'utf8'))

function bytesOf(input: Input): Buffer {
  if (input.hex !== undefined) return Buffer.from(input.hex, 'hex')
  if (input.utf8 !== undefined) return Buffer.from(input.utf8)
  if (input.repeat) return Buffer.alloc(input.repeat.count, Buffer.from(input.repeat.hex, 'hex'))
  const { seed, count } = input.lcg ?? { seed: 0, count: 0 }
  const bytes = Buffer.alloc(count)
  let state = BigInt(seed)
  for (let i = 0; i < count; i++) {
    state = (state * 1103515245n + 12345n) & 0x7fffffffn
    bytes[i] = Number((state >> 16n) & 255n)
  }
  return bytes
}

function md5Of(bytes: Uint8Array): Uint8Array {
  const md5 = createMd5()
  md5.update(bytes)
  return md5.digest()
}

/** A checksum bit by bit, as its definition has it: what the tables must agree with. */
function plainCrc64(bytes: Uint8Array): bigint {
  let crc = 2n ** 64n - 1n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n
    }
  }
  return crc ^ (2n ** 64n - 1n)
}

const anyCrc64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

describe('crc64', () => {
  it.each(crc64Vectors.single)(
    'has the published value for $name',
    ({ input, crc64: expected }) => {
      expect(crc64(bytesOf(input)).toString()).toBe(expected)
    },
  )

  it('has the check value of CRC-64/XZ', () => {
    expect(crc64(Buffer.from('123456789'))).toBe(11051210869376104954n)
  })

  it('agrees with its definition for every length and alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, offset) => {
        const view = new Uint8Array(offset + bytes.length + 3).fill(0xee)
        view.set(bytes, offset)
        expect(crc64(view.subarray(offset, offset + bytes.length))).toBe(plainCrc64(bytes))
      }),
    )
  })

  it('is the same in one go, in any pieces, and continued from a previous value', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
    fc.assert(
      fc.property(pieces, (list) => {
        const whole = Buffer.concat(list)
        const running = createCrc64()
        let continued = 0n
        for (const piece of list) {
          running.update(piece)
          continued = crc64(piece, continued)
          // Looking at the value on the way must not disturb it.
          expect(running.digest()).toBe(continued)
        }
        expect(running.digest()).toBe(crc64(whole))
        expect(continued).toBe(crc64(whole))
      }),
    )
  })

  it('reads memory that is shared between threads', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(9))
    shared.set(Buffer.from('123456789'))
    expect(crc64(shared)).toBe(11051210869376104954n)
  })
})

describe('combineCrc64', () => {
  it.each(crc64Vectors.combine)('joins $name', ({ a, b, crcA, crcB, lenB, combined }) => {
    expect(combineCrc64(BigInt(crcA), BigInt(crcB), lenB).toString()).toBe(combined)
    expect(crc64(Buffer.concat([bytesOf(a), bytesOf(b)])).toString()).toBe(combined)
  })

  it.each(crc64Vectors.combineLargeLengths)(
    'joins a tail of $lenB bytes',
    ({ crcA, crcB, lenB, combined }) => {
      expect(combineCrc64(BigInt(crcA), BigInt(crcB), Number(lenB)).toString()).toBe(combined)
    },
  )

  it('folds the checksums of parts into the checksum of the object', () => {
    const { steps, total } = crc64Vectors.foldParts
    let running = 0n
    for (const step of steps) {
      running = combineCrc64(running, BigInt(step.crc), step.size)
      expect(running.toString()).toBe(step.running)
    }
    expect(running.toString()).toBe(total)
  })

  it('gives the checksum of both halves, wherever the bytes are divided', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.uint8Array({ maxLength: 600 }), (a, b) => {
        const whole = crc64(Buffer.concat([a, b]))
        expect(combineCrc64(crc64(a), crc64(b), b.length)).toBe(whole)
      }),
    )
  })

  it('does not care in which order three neighbours are joined, up to 2^53 bytes', () => {
    const length = fc.integer({ min: 0, max: 2 ** 52 - 1 })
    fc.assert(
      fc.property(anyCrc64, anyCrc64, anyCrc64, length, length, (a, b, c, m, n) => {
        const leftFirst = combineCrc64(combineCrc64(a, b, m), c, n)
        const rightFirst = combineCrc64(a, combineCrc64(b, c, n), m + n)
        expect(leftFirst).toBe(rightFirst)
      }),
    )
  })

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses %s as a length', (length) => {
    expect(() => combineCrc64(1n, 2n, length)).toThrow(RangeError)
  })
})

describe('parseCrc64', () => {
  it.each([
    ['0', 0n],
    ['11051210869376104954', 11051210869376104954n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ])('reads %s exactly', (text, expected) => {
    expect(parseCrc64(text)).toBe(expected)
  })

  it.each([
    undefined,
    '',
    ' 1',
    '-1',
    '+1',
    '1e5',
    '0x10',
    '1.0',
    '18446744073709551616',
    '99999999999999999999',
    '000000000000000000000001',
    '١',
  ])('takes %s for no checksum', (text) => {
    expect(parseCrc64(text)).toBeUndefined()
  })
})

describe('md5', () => {
  it.each(md5Vectors.single)('has both published spellings for $name', (vector) => {
    const digest = md5Of(bytesOf(vector.input))
    expect(md5Hex(digest)).toBe(vector.md5Hex)
    expect(md5Base64(digest)).toBe(vector.contentMd5)
    expect(parseContentMd5(vector.contentMd5)).toEqual(digest)
  })

  it('is the same in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 })), (pieces) => {
        const md5 = createMd5()
        for (const piece of pieces) md5.update(piece)
        expect(md5Hex(md5.digest())).toBe(md5Hex(md5Of(Buffer.concat(pieces))))
      }),
    )
  })

  it('spells a digest that lies inside a larger buffer', () => {
    const inside = new Uint8Array([9, 9, ...md5Of(Buffer.from('a')), 9]).subarray(2, 18)
    expect(md5Hex(inside)).toBe('0CC175B9C0F1B6A831C399E269772661')
    expect(md5Base64(inside)).toBe('DMF1ucDxtqgxw5niaXcmYQ==')
  })

  it.each([
    ...md5Vectors.contentMd5Invalid,
    { value: '1B2M2Y8AsgTpgAmY7PhCfg', why: 'no padding' },
    { value: ' 1B2M2Y8AsgTpgAmY7PhCfg==', why: 'leading blank' },
    { value: '1B2M2Y8AsgTpgAmY7PhCfh==', why: 'bits set behind the last byte' },
    { value: '1B2M2Y8AsgTpgAmY7PhC-_==', why: 'alphabet of URLs' },
  ])('takes no Content-MD5 that is malformed: $why', ({ value }) => {
    expect(parseContentMd5(value)).toBeUndefined()
  })
})

describe('multipartEtag', () => {
  it.each(md5Vectors.multipartEtag)('has the known value for $name', ({ parts, etag }) => {
    expect(multipartEtag(parts)).toBe(etag)
  })

  it('reproduces the example of the CompleteMultipartUpload page, however the parts are spelt', () => {
    expect(
      multipartEtag([
        '"3349dc700140d7f86a078484278075a9"',
        '8EFDA8BE206636A695359836FE0A0E0A',
        '"8C315065167132444177411FDA149B92"',
      ]),
    ).toBe('B864DB6A936D376F9F8D3ED3BBE540DD-3')
  })
})

describe('ETag quotes', () => {
  it.each([
    ['"A-1"', 'A-1'],
    ['A-1', 'A-1'],
    [' "A" ', 'A'],
    ['"', '"'],
    ['"A', '"A'],
    ['""', ''],
  ])('takes them off %s', (quoted, bare) => {
    expect(unquoteEtag(quoted)).toBe(bare)
  })

  it.each([
    ['A', '"A"'],
    ['"A"', '"A"'],
  ])('puts one pair on %s', (etag, quoted) => {
    expect(quoteEtag(etag)).toBe(quoted)
  })
})
