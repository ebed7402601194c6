import { createHash } from 'node:crypto'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Arena } from '../../src/digest/arena.js'
import { HashWorker } from '../../src/digest/hash-worker.js'
import type { Digests, HashJob } from '../../src/digest/job.js'
import { crc64 } from '../../src/protocol/digest.js'
import { type NewHasher, newHasher, noise, slabOf } from '../helpers/new-hasher.js'

const MIB = 1024 ** 2
const both = { md5: true, crc64: true }

/** A worker whose messages are recorded; `source` takes the place of its own code. */
function recordedWorker(source?: string, more: WorkerOptions = {}) {
  const threads: Worker[] = []
  const posts: { calls: unknown[]; memory: unknown; module: unknown }[] = []
  let onPost = (_thread: Worker) => {}
  const worker = new HashWorker((own, options) => {
    const thread = new Worker(source ?? own, { ...options, ...more })
    const post = thread.postMessage.bind(thread)
    thread.postMessage = (message) => {
      posts.push(message)
      post(message)
      onPost(thread)
    }
    threads.push(thread)
    return thread
  })
  const atPost = (action: (thread: Worker) => void) => {
    onPost = action
  }
  return { worker, threads, posts, atPost }
}

const running: HashWorker[] = []
afterEach(async () => {
  for (const worker of running.splice(0)) await worker.stop()
})

function withWorker(recorded = recordedWorker(), choices: Parameters<typeof newHasher>[0] = {}) {
  running.push(recorded.worker)
  return { ...newHasher({ ...choices, worker: recorded.worker }), ...recorded }
}

function jobsIn({ arena }: NewHasher, sizes: readonly number[], wish = both): HashJob[] {
  return sizes.map((size, n) => ({ bytes: [slabOf(arena, noise(size, n + 1))], ...wish }))
}

function oracle({ bytes, ...wish }: HashJob): Digests {
  const whole = Buffer.concat(bytes)
  return {
    md5: wish.md5 ? createHash('md5').update(whole).digest() : undefined,
    crc64: wish.crc64 ? crc64(whole) : undefined,
  }
}

const plain = (digests: readonly Digests[]) =>
  digests.map(({ md5, crc64 }) => [md5 && Buffer.from(md5).toString('hex'), crc64])

async function expectRight(hashing: Promise<readonly Digests[]>, jobs: readonly HashJob[]) {
  expect(plain(await hashing)).toEqual(plain(jobs.map(oracle)))
}

describe('a hasher on this thread', () => {
  it.each([1, 2, 3, 4, 5, 9])('answers %d jobs in their order', async (count) => {
    const made = newHasher()
    const jobs = jobsIn(
      made,
      Array.from({ length: count }, (_, n) => 100_000 + 1000 * n),
    )
    await expectRight(made.hasher.hash(jobs, 'inline'), jobs)
  })

  it.each([5, 6, 7, 8, 9, 17])('answers %d jobs that want MD5 alone', async (count) => {
    const made = newHasher()
    const sizes = Array.from({ length: count }, (_, n) => 1 + ((n * 77_777) % 300_000))
    const jobs = jobsIn(made, sizes, { md5: true, crc64: false })
    await expectRight(made.hasher.hash(jobs, 'inline'), jobs)
    await expectRight(made.hasher.hash(jobs, 'inline'), jobs)
  })

  it('answers eight jobs of which some lie outside the arena', async () => {
    const made = newHasher()
    const md5 = { md5: true, crc64: false }
    const outside: HashJob = { bytes: [noise(150_001)], ...md5 }
    const jobs = jobsIn(made, [1000, 200_000, 3, 70_000, 64, 9000, 0], md5)
    jobs.splice(5, 0, outside)
    await expectRight(made.hasher.hash(jobs, 'inline'), jobs)
  })

  it('answers no jobs', async () => {
    expect(await newHasher().hasher.hash([])).toEqual([])
  })

  it('answers for bytes outside the arena, and for some inside', async () => {
    const made = newHasher()
    const [inside = never()] = jobsIn(made, [300_000])
    const outside: HashJob = { bytes: [noise(250_001), noise(63)], ...both }
    await expectRight(made.hasher.hash([inside, outside]), [inside, outside])
  })

  it('gives way to the event loop once a MiB', async () => {
    const made = newHasher()
    const jobs = jobsIn(made, [MIB, MIB, MIB, MIB], { md5: true, crc64: false })
    await made.hasher.hash(jobs, 'inline')
    expect(made.breaths()).toBe(4)
  })

  it('gives way with a part that stands alone, too', async () => {
    const made = newHasher()
    const bytes = [noise(2 * MIB), noise(2 * MIB)]
    await made.hasher.hash([{ bytes, md5: true, crc64: false }])
    // Once before, for others to come.
    expect(made.breaths()).toBe(1 + 3)
    await made.hasher.hash([{ bytes, ...both }])
    // One digest after the other.
    expect(made.breaths()).toBe(1 + 3 + 1 + 4 + 3)
  })

  it.each([
    ['takes the kernel for', 300_000, true, true],
    ['takes the kernel for', 300_000, false, true],
    ['takes no kernel for a small', 200_000, true, false],
  ])('%s CRC-64 of a part that stands alone (%d bytes, MD5: %s)', async (_, size, md5, takes) => {
    const made = newHasher()
    const jobs = [{ bytes: [noise(size)], md5, crc64: true }]
    await expectRight(made.hasher.hash(jobs), jobs)
    expect(made.arena.size > 0).toBe(takes)
  })

  it('takes no memory and no kernel for MD5 of a part that stands alone', async () => {
    const made = newHasher()
    const jobs = [{ bytes: [noise(300_000)], md5: true, crc64: false }]
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect(made.arena.size).toBe(0)
  })

  it('never puts jobs that want different digests into one batch', async () => {
    const made = newHasher()
    const jobs = [true, true, false, false].flatMap((crc64) =>
      jobsIn(made, [5000, 6000], { md5: true, crc64 }),
    )
    await expectRight(made.hasher.hash(jobs), jobs)
  })

  it.each([
    ['the kernels compute nonsense', () => {}],
    ['there is no memory', () => never()],
  ])('answers where %s', async (_, prepare) => {
    const made = newHasher({ arena: new Arena({ maxBytes: 16 * MIB, prepare }) })
    const jobs = [1, 2, 3].map((n) => ({ bytes: [noise(70_000, n)], ...both }))
    await expectRight(made.hasher.hash(jobs), jobs)
    await expectRight(made.hasher.hash(jobs), jobs)
  })

  it('rejects as `breathe` does, and then goes on', async () => {
    const made = newHasher()
    const jobs = jobsIn(made, [2 * MIB, 2 * MIB])
    made.failBreaths(new Error('no breath'))
    await expect(made.hasher.hash(jobs)).rejects.toThrow('no breath')
    made.failBreaths(undefined)
    await expectRight(made.hasher.hash(jobs), jobs)
  })

  it('goes on with slabs whose arena let its memory go meanwhile', async () => {
    const made = newHasher()
    const jobs = jobsIn(made, [MIB, MIB])
    const hashing = made.hasher.hash(jobs)
    for (const { bytes } of jobs) for (const slab of bytes) made.arena.free(slab)
    await made.hasher.trim()
    expect(made.arena.size).toBe(0)
    await expectRight(hashing, jobs)
  })
})

describe('a hasher with a worker', () => {
  it('starts it with the first batch, and shares it', async () => {
    const made = withWorker()
    expect(made.threads).toHaveLength(0)
    const jobs = jobsIn(made, [MIB, MIB + 100, 70_000, 1])
    const more = jobsIn(made, [5, 6])
    const all = [made.hasher.hash(jobs, 'worker'), made.hasher.hash(more, 'worker')] as const
    await expectRight(all[0], jobs)
    await expectRight(all[1], more)
    expect([made.threads.length, made.posts.length]).toEqual([1, 2])
    expect(made.posts.map(({ memory }) => memory !== undefined)).toEqual([true, false])
    // For others to come, that would fill the second batch.
    expect(made.breaths()).toBe(1)
  })

  it('puts jobs that wait for it into one batch', async () => {
    const made = withWorker()
    const hash = (sizes: number[]) => made.hasher.hash(jobsIn(made, sizes), 'worker')
    await Promise.all([hash([9, 9]), hash([9, 9]), hash([1]), hash([2]), hash([3, 4])])
    expect(made.posts).toHaveLength(2)
  })

  it.each([2, 3, 4])('puts %i jobs that come alone in one turn into one batch', async (count) => {
    const made = withWorker()
    const jobs = jobsIn(made, Array(count).fill(MIB))
    const all = jobs.map((job) => made.hasher.hash([job], 'worker'))
    await expectRight(
      Promise.all(all).then((each) => each.flat()),
      jobs,
    )
    expect(made.posts).toHaveLength(1)
  })

  it('hashes here what lies outside the arena', async () => {
    const made = withWorker()
    const jobs = [1, 2].map((n) => ({ bytes: [noise(1000, n)], ...both }))
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect(made.posts).toEqual([])
  })

  it('goes on with a worker on the arena’s next memory', async () => {
    const made = withWorker()
    const first = jobsIn(made, [1000, 2000])
    await expectRight(made.hasher.hash(first, 'worker'), first)
    for (const { bytes } of first) for (const slab of bytes) made.arena.free(slab)
    made.arena.trim()
    const second = jobsIn(made, [3000, 4000])
    await expectRight(made.hasher.hash(second, 'worker'), second)
    expect(made.posts.map(({ memory }) => memory !== undefined)).toEqual([true, true])
  })

  it('ends it when trimmed, and starts another later', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, [1000, 2000])
    await made.hasher.hash(jobs, 'worker')
    await made.hasher.trim()
    expect(made.worker.isRunning).toBe(false)
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect([made.threads.length, made.worker.hasFailed]).toEqual([2, false])
  })

  it('keeps a batch waiting for it while it has two, and says that it has some', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, [1000, 2000, 3000, 4000])
    expect(made.hasher.isWorkerBusy).toBe(false)
    const hashing = [1, 2, 3].map(() => expectRight(made.hasher.hash(jobs, 'worker'), jobs))
    expect([made.posts.length, made.hasher.isWorkerBusy]).toEqual([2, true])
    await Promise.all(hashing)
    expect([made.posts.length, made.hasher.isWorkerBusy]).toEqual([3, false])
  })

  it('is not trimmed of a worker that has a batch', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, [1000, 2000])
    const hashing = made.hasher.hash(jobs, 'worker')
    await made.hasher.trim()
    await expectRight(hashing, jobs)
    expect([made.threads.length, made.worker.isRunning]).toEqual([1, true])
  })

  it.each([
    ['busy', 0.9, 1],
    ['at leisure', 0.3, 0],
  ])('starts it of itself only if the loop is busy: %s', async (_, utilization, threads) => {
    const made = withWorker(recordedWorker(), { utilization })
    const jobs = jobsIn(made, [1000, 2000])
    for (let batch = 0; batch < 2; batch++) await made.hasher.hash(jobs)
    expect(made.threads).toHaveLength(0)
    await expectRight(made.hasher.hash(jobs), jobs)
    expect(made.threads).toHaveLength(threads)
  })
})

describe.each([
  ['five', 'md5x5', [MIB, 999_999, 800_000, 64, 500_000]],
  ['five of which the last is empty', 'md5x5', [MIB, 999_999, 800_000, 64, 0]],
  ['eight', 'md5x8', [MIB, 999_999, 800_000, 64, 0, 1, 500_000, 500_000]],
])('%s parts at once', (_, kernel, sizes) => {
  const md5 = { md5: true, crc64: false }

  it('are hashed by one kernel in the worker, which gets it once', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, sizes, md5)
    for (let round = 0; round < 2; round++) {
      await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    }
    const joint = made.posts.map(({ calls }) => JSON.stringify(calls).includes(kernel))
    expect(joint).toEqual([true, true])
    expect(made.posts.filter(({ module }) => module !== undefined)).toHaveLength(1)
  })

  it('are hashed by another worker that gets the kernel, too', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, sizes, md5)
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    await made.hasher.trim()
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect(made.posts.filter(({ module }) => module !== undefined)).toHaveLength(2)
    expect([made.threads.length, made.worker.hasFailed]).toEqual([2, false])
  })

  it('are hashed here while the worker has others', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, sizes, md5)
    const both = Promise.all([made.hasher.hash(jobs, 'worker'), made.hasher.hash(jobs, 'inline')])
    for (const digests of await both) expect(plain(digests)).toEqual(plain(jobs.map(oracle)))
  })
})

it('any parts of any streams, in any pieces, here and in the worker', async () => {
  const made = withWorker()
  const outside = noise(400_000)
  const inside = slabOf(made.arena, outside)
  const piece = fc.record({
    from: fc.nat(200_000),
    length: fc.oneof(fc.nat(130), fc.nat(70_000)),
    isInside: fc.integer({ min: 0, max: 40 }).map((n) => n > 0),
  })
  const job = fc.array(piece, { maxLength: 3 }).map((pieces) =>
    pieces.map(({ from, length, isInside }) => {
      return (isInside ? inside : outside).subarray(from, from + length)
    }),
  )
  const stream = fc.record({
    jobs: fc.array(job, { minLength: 1, maxLength: 9 }),
    crc64: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    mode: fc.constantFrom('inline' as const, 'worker' as const),
  })
  const property = fc.asyncProperty(fc.array(stream, { maxLength: 3 }), async (streams) => {
    const hashing = streams.map(({ jobs: bodies, crc64: own, mode }) => {
      const jobs = bodies.map((bytes) => ({ bytes, md5: true, crc64: own }))
      return expectRight(made.hasher.hash(jobs, mode), jobs)
    })
    await Promise.all(hashing)
  })
  await fc.assert(property, { numRuns: 300 })
})

it('five parts and eight at once: the worker has both kernels', async () => {
  const made = withWorker()
  const md5 = { md5: true, crc64: false }
  for (const parts of [5, 8, 5, 8]) {
    const jobs = jobsIn(made, Array<number>(parts).fill(70_000), md5)
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
  }
  expect(made.posts.filter(({ module }) => module !== undefined)).toHaveLength(2)
})

it('a hasher says who hashes by the processors that it may use', () => {
  const stream = { mode: 'auto', wish: { md5: true, crc64: false }, isLineFast: true } as const
  const modes = [2, 3].map((cores) => newHasher({ cores }).hasher.modeFor(stream))
  expect(modes).toEqual(['inline', 'auto'])
})

describe('a worker that dies', () => {
  const THROWS = "require('node:worker_threads').parentPort.on('message', () => { throw 1 })"
  const STOPS_HALF_WAY = `const { parentPort, workerData } = require('node:worker_threads')
parentPort.on('message', ({ memory, calls }) => {
  const { module, scratch } = workerData
  const kernels = new WebAssembly.Instance(module, { env: { memory, scratch } }).exports
  for (const [kernel, args] of calls.slice(0, calls.length / 2)) kernels[kernel](...args)
  throw new Error('half-way')
})`
  const EXITS = "require('node:worker_threads').parentPort.on('message', () => process.exit(3))"
  const EATS =
    "require('node:worker_threads').parentPort.on('message', () => { for (const a = []; ; ) a.push([...'abcdefgh', {}]) })"
  const small: WorkerOptions = {
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
  }

  it.each([
    ['throws', THROWS, {}],
    ['throws half-way through a batch', STOPS_HALF_WAY, {}],
    ['exits', EXITS, {}],
    ['runs out of memory', EATS, small],
    ['cannot be compiled', '(', {}],
  ])('because it %s costs no digest, and is not started again', async (_, source, more) => {
    const made = withWorker(recordedWorker(source, more))
    const jobs = jobsIn(made, [300_000, 200_000, 64])
    const more4 = jobsIn(made, [10, 20, 30, 40])
    const hashing = [made.hasher.hash(jobs, 'worker'), made.hasher.hash(more4, 'worker')] as const
    await expectRight(hashing[0], jobs)
    await expectRight(hashing[1], more4)
    expect([made.worker.hasFailed, made.worker.pending]).toEqual([true, 0])
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect(made.threads).toHaveLength(1)
  })

  it('because it is terminated costs no digest', async () => {
    const made = withWorker()
    const jobs = jobsIn(made, [8 * MIB, 8 * MIB, 8 * MIB, 8 * MIB])
    made.atPost((thread) => void thread.terminate())
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect([made.worker.hasFailed, made.breaths() > 0]).toEqual([true, true])
  })

  it('before it began, because none may be started, costs no digest', async () => {
    const worker = new HashWorker(() => {
      throw new Error('ERR_ACCESS_DENIED')
    })
    const made = newHasher({ worker })
    const jobs = jobsIn(made, [1000, 2000])
    await expectRight(made.hasher.hash(jobs, 'worker'), jobs)
    expect(worker.hasFailed).toBe(true)
  })
})

function never(): never {
  throw new Error('unreachable')
}
