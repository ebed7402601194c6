/** The witness tells of all bytes, however they came: held against node:crypto and a plain copy. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DigestAlgorithm } from '../src/expected-digest.js'
import { crc64 } from '../src/protocol/digest.js'
import { StreamWitness, TAIL_SIZE } from '../src/stream-witness.js'
import { bytes } from './helpers/new-upload.js'

const ALGORITHMS = ['md5', 'sha256', 'crc64'] as const

const EXPECTED: Readonly<Record<DigestAlgorithm, (input: Uint8Array) => string>> = {
  md5: (input) => createHash('md5').update(input).digest('hex'),
  sha256: (input) => createHash('sha256').update(input).digest('hex'),
  crc64: (input) => crc64(input).toString(),
}

function digestsOf(input: Uint8Array, algorithms: readonly DigestAlgorithm[] = ALGORITHMS) {
  return Object.fromEntries(algorithms.map((algorithm) => [algorithm, EXPECTED[algorithm](input)]))
}

/** `input` in pieces of these lengths, which are taken again and again. */
function* pieces(input: Buffer, lengths: readonly number[]): Generator<Buffer> {
  let offset = 0
  for (let index = 0; offset < input.byteLength; index++) {
    const end = offset + (lengths[index % lengths.length] ?? 1)
    yield input.subarray(offset, end)
    offset = end
  }
}

describe('the witness of a stream', () => {
  it('tells the same digests and the same end, however the bytes were cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 * TAIL_SIZE }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 9999 })), {
          minLength: 1,
          maxLength: 8,
        }),
        (length, lengths) => {
          const input = bytes(length, length + 1)
          const witness = new StreamWitness({ algorithms: ALGORITHMS, keepsTail: true })
          for (const piece of pieces(input, lengths)) witness.update(piece)
          expect(witness.digests()).toEqual(digestsOf(input))
          expect(witness.tail().equals(input.subarray(-TAIL_SIZE))).toBe(true)
        },
      ),
    )
  })

  it.each([
    ['nothing', [0]],
    ['one byte', [1]],
    ['as much as is kept', [TAIL_SIZE]],
    ['one byte more', [TAIL_SIZE + 1]],
    ['one byte more, in two pieces', [TAIL_SIZE, 1]],
    ['one byte less and two', [TAIL_SIZE - 1, 2]],
    ['empty pieces between others', [10, 0, TAIL_SIZE, 0, 0, 7]],
    ['twice as much', [TAIL_SIZE, TAIL_SIZE]],
  ])('keeps the end of %s', (_name, lengths) => {
    const input = bytes(lengths.reduce((sum, length) => sum + length, 0))
    const witness = new StreamWitness({ algorithms: ALGORITHMS, keepsTail: true })
    let offset = 0
    for (const length of lengths) {
      witness.update(input.subarray(offset, offset + length))
      offset += length
    }
    expect(witness.tail().equals(input.subarray(-TAIL_SIZE))).toBe(true)
    expect(witness.tail()).toHaveLength(Math.min(TAIL_SIZE, input.length))
    expect(witness.digests()).toEqual(digestsOf(input))
  })

  it.each([[[]], [['md5']], [['sha256']], [['crc64']], [['md5', 'crc64']]] as const)(
    'computes what was asked for and nothing else: %j',
    (algorithms) => {
      const witness = new StreamWitness({ algorithms, keepsTail: false })
      witness.update(Buffer.from('123456789'))
      expect(witness.digests()).toEqual(digestsOf(Buffer.from('123456789'), algorithms))
      expect(witness.tail()).toHaveLength(0)
    },
  )

  it('takes a Uint8Array that is a view of a larger one', () => {
    const large = new Uint8Array(bytes(100))
    const witness = new StreamWitness({ algorithms: ALGORITHMS, keepsTail: true })
    witness.update(large.subarray(10, 60))
    expect(witness.digests()).toEqual(digestsOf(large.subarray(10, 60)))
    expect(witness.tail()).toEqual(Buffer.from(large.subarray(10, 60)))
  })

  it('keeps nothing of a chunk that is overwritten afterwards, and gives the end as a copy', () => {
    const witness = new StreamWitness({ algorithms: [], keepsTail: true })
    const chunk = Buffer.from('the end')
    witness.update(chunk)
    chunk.fill('x')
    witness.tail().fill('y')
    expect(witness.tail().toString()).toBe('the end')
  })

  it('tells the digests as often as it is asked', () => {
    const witness = new StreamWitness({ algorithms: ALGORITHMS, keepsTail: false })
    witness.update(Buffer.from('a'))
    expect(witness.digests()).toEqual(witness.digests())
    expect(witness.digests()).toEqual(digestsOf(Buffer.from('a')))
  })
})
