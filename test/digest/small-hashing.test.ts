import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LONGEST_MESSAGE } from '../../src/digest/layout.js'
import { SmallHashing } from '../../src/digest/small-hashing.js'
import { SmallMd5Kernel } from '../../src/digest/small-md5-kernel.js'

function md5(message: Uint8Array): Buffer {
  return createHash('md5').update(message).digest()
}

/** `count` messages, no two alike. */
function messages(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`message ${i}`))
}

/** Hashing whose turns of the event loop end when the test says so. */
function newHashing({ load = async () => new SmallMd5Kernel() } = {}) {
  let turns: { end(): void; fail(error: Error): void }[] = []
  const groups: number[] = []
  let loads = 0
  const hashing = new SmallHashing({
    breathe: () =>
      new Promise((resolve, reject) => turns.push({ end: () => resolve(), fail: reject })),
    load: async () => {
      loads++
      const kernel = await load()
      return {
        hash(group) {
          groups.push(group.length)
          return kernel.hash(group)
        },
      }
    },
  })
  /** Ends the present turn; everything that follows from it has happened then. */
  const nextTurn = async (end = (turn: (typeof turns)[number]) => turn.end()) => {
    const ended = turns
    turns = []
    for (const turn of ended) end(turn)
    await new Promise((resolve) => setImmediate(resolve))
  }
  /** Hashes so many in this turn; whether each was hashed at once. */
  const hashMany = (count: number) =>
    messages(count).map((message) => !(hashing.md5(message) instanceof Promise))
  /** Lets many come in a turn, so that those of the next are gathered. */
  const crowd = async () => {
    hashMany(4)
    await nextTurn()
  }
  return { hashing, groups, loads: () => loads, nextTurn, hashMany, crowd }
}

describe('small objects', () => {
  it('are hashed at once as long as few come in a turn', async () => {
    const { hashing, hashMany, nextTurn, loads } = newHashing()
    for (let turn = 0; turn < 5; turn++) {
      expect(hashMany(2)).toEqual([true, true])
      expect(hashing.md5(Buffer.from('abc'))).toEqual(md5(Buffer.from('abc')))
      await nextTurn()
    }
    expect(loads()).toBe(0)
  })

  it('are hashed eight at a time once many come in each turn', async () => {
    const { hashing, groups, nextTurn, crowd, loads } = newHashing()
    await crowd()
    const given = messages(19)
    const found = Promise.all(given.map((message) => hashing.md5(message)))
    expect(groups).toEqual([8, 8])
    await nextTurn()
    expect(groups).toEqual([8, 8, 3])
    expect((await found).map((digest) => Buffer.from(digest))).toEqual(given.map(md5))
    expect(loads()).toBe(1)
  })

  it('are hashed at once while the kernels are loaded', async () => {
    let finish = (_: SmallMd5Kernel) => {}
    const loading = new Promise<SmallMd5Kernel>((resolve) => {
      finish = resolve
    })
    const { hashMany, nextTurn, crowd, loads } = newHashing({ load: () => loading })
    await crowd()
    expect(hashMany(4)).toEqual(Array(4).fill(true))
    await nextTurn()
    finish(new SmallMd5Kernel())
    await new Promise((resolve) => setImmediate(resolve))
    expect(hashMany(4)).toEqual(Array(4).fill(false))
    expect(loads()).toBe(1)
  })

  it('are hashed at once again after a turn in which few came', async () => {
    const { hashing, groups, hashMany, nextTurn, crowd } = newHashing()
    await crowd()
    const alone = hashing.md5(Buffer.from('alone'))
    expect(alone).toBeInstanceOf(Promise)
    await nextTurn()
    expect(Buffer.from(await alone)).toEqual(md5(Buffer.from('alone')))
    expect(groups).toEqual([])
    expect(hashMany(3)).toEqual([true, true, true])
  })

  it('wait for no others if they are long', async () => {
    const { hashing, crowd } = newHashing()
    await crowd()
    expect(hashing.md5(Buffer.alloc(LONGEST_MESSAGE))).toBeInstanceOf(Promise)
    const longer = Buffer.alloc(LONGEST_MESSAGE + 1)
    expect(hashing.md5(longer)).toEqual(md5(longer))
  })

  it('are hashed at once where the kernels do not work', async () => {
    const load = () => Promise.reject(new Error('There is no WebAssembly'))
    const { hashMany, nextTurn, crowd, loads } = newHashing({ load })
    await crowd()
    for (let turn = 0; turn < 3; turn++) {
      expect(hashMany(9)).toEqual(Array(9).fill(true))
      await nextTurn()
    }
    expect(loads()).toBe(1)
  })

  it('have their digests even if the kernels fail', async () => {
    const broken = new SmallMd5Kernel()
    broken.hash = () => {
      throw new RangeError('broken')
    }
    const { hashing, groups, hashMany, nextTurn, crowd } = newHashing({ load: async () => broken })
    await crowd()
    const given = messages(11)
    const found = Promise.all(given.map((message) => hashing.md5(message)))
    await nextTurn()
    expect((await found).map((digest) => Buffer.from(digest))).toEqual(given.map(md5))
    expect(groups).toEqual([8])
    expect(hashMany(4)).toEqual(Array(4).fill(true))
  })

  it('do not wait for ever for a turn that fails', async () => {
    const { hashing, nextTurn, crowd } = newHashing()
    await crowd()
    const found = [hashing.md5(Buffer.from('a')), hashing.md5(Buffer.from('b'))]
    await nextTurn((turn) => turn.fail(new Error('no turn')))
    const digests = (await Promise.all(found)).map((digest) => Buffer.from(digest))
    expect(digests).toEqual([md5(Buffer.from('a')), md5(Buffer.from('b'))])
  })
})
