/** The last question before an object is published. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digests } from '../src/expected-digest.js'
import { crc64 } from '../src/protocol/digest.js'
import { type GuardSettings, PublishGuard, type UploadSummary } from '../src/publish-guard.js'
import { UnexpectedDigestError, UploadError } from '../src/upload-errors.js'
import { bytes } from './helpers/new-upload.js'

const INPUT = Buffer.from('-- a dump\n-- PostgreSQL database dump complete\n')
const RIGHT = {
  md5: createHash('md5').update(INPUT).digest('hex'),
  sha256: createHash('sha256').update(INPUT).digest('hex'),
  crc64: crc64(INPUT).toString(),
} as const
const OTHER = { md5: 'a'.repeat(32), sha256: 'a'.repeat(64), crc64: '1' } as const
const DETAILS = { bucket: 'bucket', key: 'key', outcome: 'absent' } as const
const { signal } = new AbortController()

function guardOf(settings: Partial<GuardSettings>, input: Buffer = INPUT): PublishGuard {
  const guard = new PublishGuard({
    expectedDigest: {},
    sha256: false,
    beforeComplete: undefined,
    ...settings,
  })
  guard.witness?.update(input)
  return guard
}

function check(guard: PublishGuard, stored?: bigint) {
  return guard.check({ size: INPUT.length, parts: 3, crc64: stored, signal }, DETAILS)
}

describe('the witness', () => {
  it('is spared where nobody asks about the bytes', async () => {
    const guard = guardOf({})
    expect(guard.witness).toBeUndefined()
    expect(guard.digests).toEqual({})
    expect(await check(guard, 1n)).toBeUndefined()
  })

  it.each([
    [{ sha256: true }, ['sha256']],
    [{ expectedDigest: { md5: OTHER.md5 } }, ['md5']],
    [{ expectedDigest: { sha256: OTHER.sha256 } }, ['sha256']],
    [{ expectedDigest: { crc64: '1' } }, ['crc64']],
    [{ beforeComplete: () => {} }, ['crc64']],
    [{ beforeComplete: () => {}, sha256: true }, ['sha256', 'crc64']],
    [{ expectedDigest: OTHER }, ['md5', 'sha256', 'crc64']],
  ] satisfies [Partial<GuardSettings>, string[]][])(
    'computes for %j nothing but %j',
    (settings, algorithms) => {
      expect(Object.keys(guardOf(settings).digests)).toEqual(algorithms)
    },
  )
})

describe('expected digests', () => {
  const names = ['md5', 'sha256', 'crc64'] as const
  const cases = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((given) =>
    names.map((wrong) => ({
      given: names.filter((_, index) => given & (1 << index)),
      wrong,
    })),
  )

  it.each(cases)('$given, of which $wrong is wrong if it is given', async ({ given, wrong }) => {
    const expectedDigest: Digests = Object.fromEntries(
      given.map((name) => [name, name === wrong ? OTHER[name] : RIGHT[name]]),
    )
    const checked = check(guardOf({ expectedDigest }))
    if (!given.includes(wrong)) {
      expect(await checked).toBeUndefined()
      return
    }
    const error = await checked.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnexpectedDigestError)
    expect(error).toMatchObject({
      code: 'ERR_OSS_UNEXPECTED_DIGEST',
      algorithm: wrong,
      expected: OTHER[wrong],
      actual: RIGHT[wrong],
      outcome: 'absent',
      message: `Expected ${wrong} ${OTHER[wrong]} for oss://bucket/key, got ${RIGHT[wrong]}`,
    })
  })

  it('are those of node:crypto, for any bytes in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 1, max: 500 }),
        async (input, piece) => {
          const expectedDigest = {
            md5: createHash('md5').update(input).digest('hex'),
            sha256: createHash('sha256').update(input).digest('hex'),
            crc64: crc64(input).toString(),
          }
          const guard = guardOf({ expectedDigest }, Buffer.alloc(0))
          for (let offset = 0; offset < input.length; offset += piece) {
            guard.witness?.update(input.subarray(offset, offset + piece))
          }
          expect(await check(guard)).toBeUndefined()
          expect(guard.digests).toEqual(expectedDigest)
        },
      ),
    )
  })

  it('are compared before the caller is asked', async () => {
    let asked = 0
    const guard = guardOf({
      expectedDigest: { md5: OTHER.md5 },
      beforeComplete: () => {
        asked += 1
      },
    })
    await expect(check(guard)).rejects.toBeInstanceOf(UnexpectedDigestError)
    expect(asked).toBe(0)
  })
})

describe('the CRC-64 of what the service has stored', () => {
  it.each([
    ['that is ours passes', BigInt(RIGHT.crc64), true],
    ['that it did not tell passes', undefined, true],
    ['of other bytes fails while nothing is published', 1n, false],
  ])('%s', async (_name, stored, passes) => {
    for (const settings of [{ expectedDigest: RIGHT }, { beforeComplete: () => {} }]) {
      const checked = check(guardOf(settings), stored)
      if (passes) {
        expect(await checked).toBeUndefined()
        continue
      }
      const error = await checked.catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UploadError)
      expect(error).toMatchObject({
        outcome: 'absent',
        message: `CRC-64 of the parts of oss://bucket/key is ${RIGHT.crc64}, the service has 1`,
        cause: { code: 'ERR_OSS_DIGEST_MISMATCH', algorithm: 'crc64' },
      })
    }
  })
})

describe('beforeComplete', () => {
  it('is told everything that is known', async () => {
    const summaries: UploadSummary[] = []
    const guard = guardOf({
      sha256: true,
      expectedDigest: { md5: RIGHT.md5 },
      beforeComplete: (summary) => {
        summaries.push(summary)
      },
    })
    await check(guard)
    expect(summaries).toEqual([
      { bucket: 'bucket', key: 'key', size: INPUT.length, parts: 3, ...RIGHT, tail: INPUT, signal },
    ])
  })

  it('is told of no digest that nobody asked for', async () => {
    const summaries: UploadSummary[] = []
    await check(guardOf({ beforeComplete: (summary) => void summaries.push(summary) }))
    const [summary] = summaries
    expect(Object.keys(summary ?? {})).not.toContain('sha256')
    expect(Object.keys(summary ?? {})).not.toContain('md5')
    expect(summary?.crc64).toBe(RIGHT.crc64)
  })

  it('is told the last 4 KiB of more', async () => {
    const input = bytes(10_000)
    const summaries: UploadSummary[] = []
    await check(guardOf({ beforeComplete: (summary) => void summaries.push(summary) }, input))
    expect(summaries[0]?.tail.equals(input.subarray(-4096))).toBe(true)
  })

  it.each([
    ['an Error', new Error('no trailer')],
    ['text', 'no trailer'],
    ['nothing', undefined],
  ])('vetoes by throwing or rejecting with %s, unchanged', async (_name, reason) => {
    const vetoes: GuardSettings['beforeComplete'][] = [
      () => {
        throw reason
      },
      () => Promise.reject(reason),
    ]
    for (const beforeComplete of vetoes) {
      const veto = check(guardOf({ beforeComplete })).then(
        () => 'passed',
        (thrown: unknown) => ({ thrown }),
      )
      expect(await veto).toEqual({ thrown: reason })
    }
  })
})

describe('what is stored with the object', () => {
  it.each([
    [{ sha256: true }, { meta: { 'osspipe-sha256': RIGHT.sha256 } }],
    [{ sha256: true, expectedDigest: RIGHT }, { meta: { 'osspipe-sha256': RIGHT.sha256 } }],
    // It is among the headers from the beginning then.
    [{ expectedDigest: RIGHT }, undefined],
    [{ beforeComplete: () => {} }, undefined],
  ] satisfies [Partial<GuardSettings>, object | undefined][])(
    'with %j is %j',
    async (settings, notes) => {
      expect(await check(guardOf(settings))).toEqual(notes)
    },
  )
})
