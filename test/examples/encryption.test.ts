/** The example's encryption: there and back, and nothing released of what was tampered with. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDecryption, createEncryption, readKeyFile } from '../../examples/encryption.js'
import { bytes } from '../helpers/new-upload.js'

const CHUNK = 64 * 1024
const SEALED = CHUNK + 16
const HEADER = 40
const KEY = randomBytes(32)

function encrypted(plain: Buffer, key = KEY): Promise<Buffer> {
  return buffer(Readable.from([plain]).pipe(createEncryption(key)))
}

/** What was released, and the error if there was one. */
async function decrypted(file: Buffer, key = KEY) {
  const released: Buffer[] = []
  const sink = new Writable({
    write(chunk, _encoding, callback) {
      released.push(chunk)
      callback()
    },
  })
  const error = await pipeline(Readable.from([file]), createDecryption(key), sink).catch(
    (reason: unknown) => reason,
  )
  return { plain: Buffer.concat(released), error }
}

const PLAIN = bytes(3 * CHUNK + 1000)

/** Fails, and releases nothing but whole chunks of the truth. */
async function expectRefused(file: Buffer, key = KEY) {
  const { plain, error } = await decrypted(file, key)
  expect(error).toBeInstanceOf(Error)
  expect(plain.length % CHUNK).toBe(0)
  expect(plain.equals(PLAIN.subarray(0, plain.length))).toBe(true)
  return plain.length / CHUNK
}

describe('what was encrypted', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 1000])(
    'comes back: %i bytes',
    async (length) => {
      const plain = bytes(length)
      const file = await encrypted(plain)
      const chunks = Math.max(1, Math.ceil(length / CHUNK))
      expect(file.length).toBe(HEADER + length + 16 * chunks)
      const back = await decrypted(file)
      expect(back.error).toBeUndefined()
      expect(back.plain.equals(plain)).toBe(true)
    },
  )

  it('comes back however it is cut on its way', async () => {
    const size = fc.integer({ min: 1, max: 2 * CHUNK })
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3 * CHUNK),
        fc.array(size, { minLength: 1 }),
        async (length, cuts) => {
          const plain = bytes(length)
          function* pieces(all: Buffer) {
            for (let start = 0, i = 0; start < all.length; i++) {
              const end = start + (cuts[i % cuts.length] ?? 1)
              yield all.subarray(start, end)
              start = end
            }
          }
          const file = await buffer(Readable.from(pieces(plain)).pipe(createEncryption(KEY)))
          const back = await buffer(Readable.from(pieces(file)).pipe(createDecryption(KEY)))
          expect(back.equals(plain)).toBe(true)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('is another file each time', async () => {
    const [first, second] = await Promise.all([encrypted(PLAIN), encrypted(PLAIN)])
    expect(first.subarray(8, HEADER).equals(second.subarray(8, HEADER))).toBe(false)
    expect(first.subarray(HEADER, 200).equals(second.subarray(HEADER, 200))).toBe(false)
  })
})

describe('a file that was tampered with', () => {
  const borders = [0, 1, 2, 3].map((chunk) => HEADER + chunk * SEALED)

  it.each([0, 7, 8, HEADER - 1, ...borders, ...borders.map((at) => at + 1), HEADER + 16, -16, -1])(
    'is refused when it is cut at byte %i',
    async (at) => {
      const file = await encrypted(PLAIN)
      await expectRefused(file.subarray(0, at))
    },
  )

  it('of one full chunk, or an empty one, is refused when it is cut', async () => {
    for (const length of [0, CHUNK]) {
      const file = await encrypted(PLAIN.subarray(0, length))
      expect(await expectRefused(file.subarray(0, -1))).toBe(0)
      expect(await expectRefused(file.subarray(0, HEADER))).toBe(0)
    }
  })

  it('is refused when chunks are swapped, repeated or left out', async () => {
    const file = await encrypted(PLAIN)
    const header = file.subarray(0, HEADER)
    const [a, b, c, last] = borders.map((at) => file.subarray(at, at + SEALED)) as Buffer[]
    const order = (...chunks: (Buffer | undefined)[]) =>
      Buffer.concat([header, ...chunks.map((chunk) => chunk ?? Buffer.alloc(0))])
    expect((await decrypted(order(a, b, c, last))).error).toBeUndefined()
    expect(await expectRefused(order(b, a, c, last))).toBe(0)
    expect(await expectRefused(order(a, c, b, last))).toBe(1)
    expect(await expectRefused(order(a, a, b, c, last))).toBe(1)
    expect(await expectRefused(order(a, c, last))).toBe(1)
    expect(await expectRefused(order(a, b, last))).toBe(2)
    expect(await expectRefused(order(last))).toBe(0)
  })

  it('is refused when it is continued, also by itself or with nothing in a chunk', async () => {
    const file = await encrypted(PLAIN)
    await expectRefused(Buffer.concat([file, Buffer.from([0])]))
    await expectRefused(Buffer.concat([file, file]))
    await expectRefused(Buffer.concat([file, Buffer.alloc(16)]))
  })

  it('is refused with any bit flipped', async () => {
    const file = await encrypted(PLAIN)
    const bit = fc.nat(8 * file.length - 1)
    const places = [
      0,
      8 * 8,
      8 * HEADER,
      8 * (HEADER + CHUNK),
      8 * (HEADER + SEALED),
      8 * file.length - 1,
    ]
    await fc.assert(
      fc.asyncProperty(bit, async (at) => {
        const flipped = Buffer.from(file)
        flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7))
        await expectRefused(flipped)
      }),
      { numRuns: 60, examples: places.map((place): [number] => [place]) },
    )
  })

  it('is refused with chunks of another file of the same key', async () => {
    const [file, other] = await Promise.all([encrypted(PLAIN), encrypted(PLAIN)])
    const [first = 0, second = 0] = borders
    const parts = [file.subarray(0, first), other.subarray(first, second), file.subarray(second)]
    expect(await expectRefused(Buffer.concat(parts))).toBe(0)
  })

  it('or is of another key releases nothing', async () => {
    const file = await encrypted(PLAIN)
    expect(await expectRefused(file, randomBytes(32))).toBe(0)
  })

  it('or is none at all is refused', async () => {
    const { error } = await decrypted(bytes(1000))
    expect(error).toMatchObject({ message: 'Not an encrypted file' })
  })
})

describe('a key', () => {
  it('is read from a file of 64 hexadecimal digits, and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osspipe-key-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'backup.key')
    await writeFile(path, `${KEY.toString('hex')}\n`)
    expect((await readKeyFile(path)).equals(KEY)).toBe(true)
    for (const text of ['', 'ab', `${KEY.toString('hex')}0`, `${'g'.repeat(64)}\n`]) {
      await writeFile(path, text)
      await expect(readKeyFile(path)).rejects.toThrow('is no key')
    }
  })

  it('of another length is refused', () => {
    expect(() => createEncryption(Buffer.alloc(16))).toThrow(RangeError)
  })
})
