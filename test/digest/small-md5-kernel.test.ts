import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_MESSAGE, MOST_MESSAGES } from '../../src/digest/layout.js'
import { SmallMd5Kernel } from '../../src/digest/small-md5-kernel.js'
import { bytes } from '../helpers/new-upload.js'

const kernel = new SmallMd5Kernel()
const content = bytes(LONGEST_MESSAGE + 100, 7)

function hex(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex')
}

/** Holds the digests of messages of these lengths to node:crypto. */
function expectRight(lengths: readonly number[]): void {
  const messages = lengths.map((length, i) => content.subarray(i, i + length))
  const right = messages.map((message) => createHash('md5').update(message).digest('hex'))
  expect(kernel.hash(messages).map(hex)).toEqual(right)
}

describe('MD5 of small messages', () => {
  it.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['a', '0cc175b9c0f1b6a831c399e269772661'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      '57edf4a22be3c955ac49da2e2107b67a',
    ],
  ])('is that of RFC 1321 for %j', (message, digest) => {
    expect(kernel.hash([Buffer.from(message)]).map(hex)).toEqual([digest])
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is right at every length up to 260, %i at once', (count) => {
    for (let length = 0; length <= 260; length++) {
      // As long as one another, and shorter or longer by a bit.
      expectRight(Array<number>(count).fill(length))
      expectRight(Array.from({ length: count }, (_, i) => Math.abs(length - 9 * i)))
      expectRight(Array.from({ length: count }, (_, i) => length + 9 * i))
    }
  })

  it('is right for any messages', () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: LONGEST_MESSAGE }),
      fc.integer({ min: LONGEST_MESSAGE - 130, max: LONGEST_MESSAGE }),
    )
    const lengths = fc.array(length, { minLength: 1, maxLength: MOST_MESSAGES })
    fc.assert(fc.property(lengths, expectRight), { numRuns: 200 })
  })

  it('is nothing for nothing', () => {
    expect(kernel.hash([])).toEqual([])
  })

  it('refuses more than there is room for', () => {
    const message = Buffer.alloc(LONGEST_MESSAGE + 1)
    expect(() => kernel.hash([message])).toThrow(RangeError)
    expect(() => kernel.hash(Array(MOST_MESSAGES + 1).fill(Buffer.alloc(1)))).toThrow(RangeError)
    expectRight([1, 2, 3])
  })
})
