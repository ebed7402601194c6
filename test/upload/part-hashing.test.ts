/** How digests come about: as a part fills, or with others; with a hasher that waits at a gate. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Digests, HashJob } from '../../src/digest/job.js'
import type { Hashing } from '../../src/digest/process-hasher.js'
import { type HashingMode, modeFor } from '../../src/digest/schedule.js'
import { crc64 } from '../../src/protocol/digest.js'
import { type DigestChoice, Part } from '../../src/upload/part.js'
import { PartHashing } from '../../src/upload/part-hashing.js'
import { Gate } from '../helpers/gate.js'
import { bytes } from '../helpers/new-upload.js'

const DIGESTS = { md5: true, crc64: true }
const SIZE = 256

function digestsOf({ bytes: body }: HashJob): Digests {
  const whole = Buffer.concat(body)
  return { md5: createHash('md5').update(whole).digest(), crc64: crc64(whole) }
}

interface Choices {
  readonly isLoaded?: boolean
  readonly busy?: boolean
  readonly pressed?: boolean
  /** The hasher would give a batch to the worker; it has one. */
  readonly usesWorker?: boolean
  readonly isWorkerBusy?: boolean
  /** Processors. */
  readonly cores?: number
  readonly partsInMemory?: number
  readonly digests?: DigestChoice
}

function newHashing(options: Choices = {}) {
  const { isLoaded = true, busy = true, partsInMemory = 8, digests = DIGESTS } = options
  const { pressed = false, usesWorker = false, isWorkerBusy = false, cores = 4 } = options
  const batches: number[] = []
  const gate = new Gate()
  const sleeps: { readonly signal: AbortSignal; wake(): void }[] = []
  let loads = 0
  const modes: (HashingMode | undefined)[] = []
  const hasher = {
    modeFor: (stream: Parameters<Hashing['hasher']['modeFor']>[0]) => modeFor({ ...stream, cores }),
    usesWorker: (mode: HashingMode) => usesWorker && mode !== 'inline',
    isWorkerBusy,
    async hash(jobs: readonly HashJob[], mode?: HashingMode) {
      batches.push(jobs.length)
      modes.push(mode)
      await gate.arrive()
      return jobs.map(digestsOf)
    },
  }
  const loaded = { hasher } as unknown as Hashing
  const hashing = new PartHashing({
    mode: 'auto',
    digests,
    partsInMemory,
    concurrency: 4,
    isBusy: () => busy,
    isPressed: () => pressed,
    isLineFast: () => pressed,
    loaded: () => (isLoaded ? loaded : undefined),
    load: async () => {
      loads++
      return loaded
    },
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        sleeps.push({ signal, wake: resolve })
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  })
  const newPart = (number: number, ahead = 8) => {
    const hashesAsItFills = hashing.hashesAsItFills(ahead)
    const asItFills = number === 1 ? digests : hashing.digestsAsItFills
    const part = new Part(number, SIZE, { digests: asItFills, hashesAsItFills })
    part.addBuffer(Buffer.alloc(SIZE))
    part.append(bytes(SIZE, number), 0, SIZE)
    return part
  }
  return { hashing, newPart, batches, modes, gate, sleeps, loads: () => loads }
}

function expectDigests(digests: { md5?: Uint8Array | undefined }, number: number): void {
  const md5 = createHash('md5').update(bytes(SIZE, number)).digest('hex')
  expect(Buffer.from(digests.md5 ?? []).toString('hex')).toBe(md5)
}

describe('PartHashing', () => {
  it('hashes the first part as it fills, and brings the kernels for later ones', async () => {
    const { hashing, newPart, batches, loads } = newHashing()
    const first = newPart(1)
    expect(first.isHashed).toBe(true)
    expect(loads()).toBe(0)
    const { digests } = await hashing.seal(first)
    expectDigests(digests, 1)
    expect(loads()).toBe(1)
    expect(batches).toEqual([])
  })

  it('hashes none as it fills if many are at hand, however idle all else is', async () => {
    const { hashing, newPart, batches, gate, loads } = newHashing({ busy: false })
    await hashing.expect(4)
    expect(loads()).toBe(1)
    gate.open()
    const parts = [1, 2, 3, 4].map((number) => newPart(number, 0))
    expect(parts.map(({ isHashed }) => isHashed)).toEqual([false, false, false, false])
    const sealed = await Promise.all(parts.map((part) => hashing.seal(part)))
    expect(batches).toEqual([4])
    for (const [index, { digests }] of sealed.entries()) expectDigests(digests, index + 1)
  })

  it('hashes four at hand together, though memory has room for more', async () => {
    const digests = { md5: true, crc64: false }
    const { hashing, newPart, batches, gate } = newHashing({ partsInMemory: 16, digests })
    await hashing.expect(4)
    gate.open()
    const sealed = [1, 2, 3, 4].map((number) => hashing.seal(newPart(number, 0)))
    hashing.end()
    await Promise.all(sealed)
    expect(batches).toEqual([4])
  })

  it('brings no kernels for a few parts at hand', async () => {
    const { hashing, newPart, loads } = newHashing({ busy: false })
    await hashing.expect(3)
    expect([loads(), newPart(1).isHashed]).toEqual([0, true])
  })

  it('hashes what is at hand as it fills if there are no kernels', async () => {
    const { hashing, newPart } = newHashing({ isLoaded: false })
    await hashing.expect(4)
    expect(newPart(1).isHashed).toBe(true)
  })

  it('hashes every part as it fills until the kernels are there', () => {
    const { newPart } = newHashing({ isLoaded: false })
    expect([newPart(1), newPart(2)].map(({ isHashed }) => isHashed)).toEqual([true, true])
  })

  it('never brings them where memory holds too few parts for a batch', async () => {
    const { hashing, newPart, loads } = newHashing({ isLoaded: false, partsInMemory: 3 })
    await hashing.seal(newPart(1))
    await hashing.seal(newPart(2))
    expect(loads()).toBe(0)
  })

  it('hashes four full parts together, each with its own digests', async () => {
    const { hashing, newPart, batches, gate } = newHashing()
    gate.open()
    newPart(1)
    const parts = [2, 3, 4, 5].map((number) => newPart(number))
    expect(parts.map(({ isHashed }) => isHashed)).toEqual([false, false, false, false])
    const sealed = await Promise.all(parts.map((part) => hashing.seal(part)))
    expect(batches).toEqual([4])
    for (const [index, { digests, body }] of sealed.entries()) {
      expectDigests(digests, index + 2)
      expect(Buffer.concat(body).equals(bytes(SIZE, index + 2))).toBe(true)
    }
  })

  it('hashes what waits when the last part is there', async () => {
    const { hashing, newPart, batches, gate } = newHashing()
    gate.open()
    newPart(1)
    const sealed = [2, 3].map((number) => hashing.seal(newPart(number)))
    expect(batches).toEqual([])
    hashing.end()
    await Promise.all(sealed)
    expect(batches).toEqual([2])
  })

  it('has no timer left when the last part is there', async () => {
    const { hashing, newPart, gate, sleeps } = newHashing()
    gate.open()
    newPart(1)
    const sealed = hashing.seal(newPart(2))
    expect(sleeps.map(({ signal }) => signal.aborted)).toEqual([false])
    hashing.end()
    expect(sleeps.map(({ signal }) => signal.aborted)).toEqual([true])
    await sealed
    expect(sleeps).toHaveLength(1)
  })

  it('waits for a source that fills parts, and no longer for one that does not', async () => {
    const { hashing, newPart, batches, gate, sleeps } = newHashing()
    gate.open()
    newPart(1)
    const sealed = [hashing.seal(newPart(2))]
    await Promise.resolve()
    sealed.push(hashing.seal(newPart(3)))
    sleeps[0]?.wake()
    await Promise.resolve()
    await Promise.resolve()
    expect(batches).toEqual([])
    expect(sleeps).toHaveLength(2)
    sleeps[1]?.wake()
    await Promise.all(sealed)
    expect(batches).toEqual([2])
  })

  it('waits for all that memory holds where the loop has had no time for a while', async () => {
    const digests = { md5: true, crc64: false }
    const { hashing, newPart, batches, gate } = newHashing({ pressed: true, digests })
    gate.open()
    newPart(1)
    const numbers = [2, 3, 4, 5, 6, 7, 8, 9]
    const sealed = numbers.map((number) => hashing.seal(newPart(number)))
    for (const [index, part] of (await Promise.all(sealed)).entries()) {
      expectDigests(part.digests, index + 2)
    }
    expect(batches).toEqual([8])
  })

  it('lets others fill and be sent while the worker hashes four', async () => {
    const digests = { md5: true, crc64: false }
    const { hashing, newPart, batches, gate } = newHashing({
      pressed: true,
      digests,
      usesWorker: true,
    })
    gate.open()
    newPart(1)
    await Promise.all([2, 3, 4, 5].map((number) => hashing.seal(newPart(number))))
    expect(batches).toEqual([4])
  })

  it.each([
    ['all eight here, on two processors and a fast line', { cores: 2 }, [8], 'inline'],
    ['four by whom load decides with CRC-64', { cores: 2, digests: DIGESTS }, [4, 4], 'auto'],
    ['four by whom load decides on more processors', { cores: 3 }, [4, 4], 'auto'],
  ])('hashes %s', async (_, change, sizes, mode) => {
    const { hashing, newPart, batches, modes, gate } = newHashing({
      pressed: true,
      usesWorker: true,
      digests: { md5: true, crc64: false },
      ...change,
    })
    gate.open()
    newPart(1)
    const numbers = [2, 3, 4, 5, 6, 7, 8, 9]
    await Promise.all(numbers.map((number) => hashing.seal(newPart(number))))
    expect(batches).toEqual(sizes)
    expect(modes).toEqual(sizes.map(() => mode))
  })

  it('gathers parts while the worker has a batch, though connections are idle', async () => {
    const { hashing, newPart, batches, gate } = newHashing({
      busy: false,
      usesWorker: true,
      isWorkerBusy: true,
    })
    gate.open()
    newPart(1)
    const parts = [2, 3, 4, 5].map((number) => newPart(number, 0))
    expect(parts.map(({ isHashed }) => isHashed)).toEqual([false, false, false, false])
    await Promise.all(parts.map((part) => hashing.seal(part)))
    expect(batches).toEqual([4])
  })

  it('hashes here at leisure, whatever the worker does for others', () => {
    const { newPart } = newHashing({ busy: false, isWorkerBusy: true })
    newPart(1)
    expect(newPart(2, 0).isHashed).toBe(true)
  })

  it.each([
    ['worker', false],
    ['worker and this thread', true],
  ])(
    'waits no longer than that for a slow source, however busy others keep the %s',
    async (_, busy) => {
      const { hashing, newPart, batches, gate, sleeps } = newHashing({
        busy,
        usesWorker: true,
        isWorkerBusy: true,
      })
      gate.open()
      newPart(1)
      hashing.setPending(2)
      const sealed = hashing.seal(newPart(2))
      sleeps[0]?.wake()
      await sealed
      expect(batches).toEqual([1])
      // The next one has the same time to be joined by others.
      hashing.setPending(2)
      const next = hashing.seal(newPart(3))
      await Promise.resolve()
      expect(batches).toEqual([1])
      sleeps[1]?.wake()
      await next
      expect(batches).toEqual([1, 1])
    },
  )

  it('lets parts go at once while connections and the loop are idle', async () => {
    const { hashing, newPart, batches, gate } = newHashing({ busy: false })
    gate.open()
    newPart(1)
    expect(newPart(2, 3).isHashed).toBe(true)
    const behind = newPart(3, 4)
    expect(behind.isHashed).toBe(false)
    await hashing.seal(behind)
    expect(batches).toEqual([1])
  })

  it('leaves CRC-64 to the kernels when a part that was hashed as it filled is full', async () => {
    const { hashing, newPart, batches, gate } = newHashing({ busy: false })
    gate.open()
    newPart(1)
    const part = newPart(2, 0)
    expect([part.isHashed, hashing.digestsAsItFills]).toEqual([true, { md5: true, crc64: false }])
    const { digests } = await hashing.seal(part)
    expectDigests(digests, 2)
    expect(digests.crc64).toBe(crc64(bytes(SIZE, 2)))
    expect(batches).toEqual([1])
  })

  it.each([
    ['there are no kernels', { isLoaded: false }],
    ['memory holds too few parts for them', { partsInMemory: 3 }],
  ])('computes CRC-64 as a part fills where %s', async (_, choices) => {
    const { hashing, newPart, batches } = newHashing({ ...choices, busy: false })
    newPart(1)
    const { digests } = await hashing.seal(newPart(2, 0))
    expect(digests.crc64).toBe(crc64(bytes(SIZE, 2)))
    expect(batches).toEqual([])
  })

  it('computes CRC-64 of the first part as it fills, which may be the only one', async () => {
    const digests = { md5: false, crc64: true }
    const { hashing, newPart } = newHashing({ digests })
    await hashing.expect(1)
    const part = newPart(1)
    expect(part.isHashed).toBe(true)
    expect(part.seal().digests.crc64).toBe(crc64(bytes(SIZE, 1)))
  })

  it.each([true, false])('lets no part wait for CRC-64 alone (busy: %s)', async (busy) => {
    const digests = { md5: false, crc64: true }
    const { hashing, newPart, batches, gate, loads } = newHashing({ busy, digests })
    gate.open()
    expect(newPart(1).isHashed).toBe(true)
    const part = newPart(2, 0)
    expect(part.isHashed).toBe(false)
    expect((await hashing.seal(part)).digests.crc64).toBe(crc64(bytes(SIZE, 2)))
    expect([batches, loads() > 0]).toEqual([[1], true])
  })

  it('rejects what waits when it is closed, and wakes nobody later', async () => {
    const { hashing, newPart, batches } = newHashing()
    newPart(1)
    const reason = new Error('given up')
    const sealed = hashing.seal(newPart(2))
    hashing.close(reason)
    await expect(sealed).rejects.toBe(reason)
    await expect(hashing.seal(newPart(3))).rejects.toBe(reason)
    expect(batches).toEqual([])
  })

  it('lets a batch under way end when it is closed: its memory is still read', async () => {
    const { hashing, newPart, gate } = newHashing()
    newPart(1)
    const sealed = [2, 3, 4, 5].map((number) => hashing.seal(newPart(number)))
    await gate.reached()
    hashing.close(new Error('given up'))
    gate.open()
    expect(await Promise.all(sealed)).toHaveLength(4)
  })
})
