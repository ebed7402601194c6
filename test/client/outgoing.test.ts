/** The body on its way to undici: both kinds are held to the same. */
import { describe, expect, it } from 'vitest'
import { type BodyOwner, SentFromMemory, sendRead } from '../../src/client/outgoing.js'
import { SliceCutter } from '../../src/client/slices.js'
import { FakeClock } from '../helpers/fake-clock.js'

const KIB = 1024

class Owner implements BodyOwner {
  isOver = false
  readonly news: unknown[] = []

  onSent(): void {
    this.news.push('sent')
  }

  onReadFailure(error: unknown): void {
    this.news.push(error)
  }
}

type Send = (bytes: Uint8Array, size: number, owner: BodyOwner) => AsyncIterable<Uint8Array>

const fromMemory: Send = (bytes, size, owner) =>
  new SentFromMemory(new SliceCutter([bytes], size, new FakeClock(), () => {}), size, owner)

const asRead: Send = (bytes, size, owner) => {
  async function* read() {
    yield bytes
  }
  return sendRead(read(), size, owner)
}

describe.each<[string, Send]>([
  ['from memory', fromMemory],
  ['as it is read', asRead],
])('a body that is sent %s', (_, send) => {
  async function taken(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
    const slices: Uint8Array[] = []
    for await (const slice of body) slices.push(slice)
    return slices
  }

  it('arrives whole, and its end is told once', async () => {
    const owner = new Owner()
    const bytes = Buffer.from('abc'.repeat(100 * KIB))
    const body = send(bytes, bytes.byteLength, owner)
    expect(Buffer.concat(await taken(body)).equals(bytes)).toBe(true)
    expect(await taken(body)).toEqual([])
    expect(owner.news).toEqual(['sent'])
  })

  it.each([
    ['shorter', 5, 6, 'The body of 6 bytes ended after 5: it has changed'],
    ['longer', 6, 5, 'The body of 5 bytes is longer: it has changed'],
  ])('fails if it is %s than was said', async (_how, length, size, message) => {
    const owner = new Owner()
    const failure: unknown = await taken(send(Buffer.alloc(length), size, owner)).catch((e) => e)
    expect(failure).toMatchObject({ code: 'ERR_OSS_INVALID_OPTION', message })
    expect(owner.news).toEqual([failure])
  })

  it('ends without a word once nothing is sent any more', async () => {
    const owner = new Owner()
    owner.isOver = true
    expect(await taken(send(Buffer.alloc(KIB), KIB, owner))).toEqual([])
    expect(owner.news).toEqual([])
  })

  it('ends without a word when whoever takes it has had enough', async () => {
    const owner = new Owner()
    const body = send(Buffer.alloc(200 * KIB), 200 * KIB, owner)
    for await (const slice of body) {
      expect(slice.byteLength).toBeGreaterThan(0)
      break
    }
    expect(await taken(body)).toEqual([])
    expect(owner.news).toEqual([])
  })
})
