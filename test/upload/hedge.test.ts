/** The last parts of an upload: one that is far slower than the others is sent a second time. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.js'
import { planParts } from '../../src/protocol/part-plan.js'
import type { HedgeNotice } from '../../src/upload/part-flights.js'
import type { UploadTarget } from '../../src/upload/upload-target.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'
import { SlowTarget } from '../helpers/slow-target.js'

const REASON = new Error('given up')
const BROKEN = new ServiceError({ status: 403, ossCode: 'AccessDenied' })
const INPUT = bytes(5.5 * PART)

function open(options: Parameters<typeof newUpload>[0] = {}) {
  const clock = new FakeClock()
  const target = new SlowTarget()
  const hedges: HedgeNotice[] = []
  const released: Uint8Array[] = []
  const { upload, failures } = newUpload({
    target,
    clock,
    concurrency: 3,
    plan: planParts({ partSize: PART, concurrency: 3, maxMemory: 8 * PART }),
    hedge: true,
    slabs: {
      allocate: (size) => Buffer.alloc(size),
      free: (slab) => released.push(slab),
    },
    ...options,
    hooks: { onHedge: (notice) => hedges.push(notice), ...options.hooks },
  })
  return { upload, target, clock, hedges, failures, released }
}
type Opened = ReturnType<typeof open>

/** Writes all, and waits until nothing is under way but the parts that are held. */
async function write({ upload, target, clock }: Opened, held = ['part 5']) {
  const gates = held.map((name) => target.delay(name))
  await upload.append(INPUT)
  const finished = upload.finish()
  // Told by whoever awaits it later.
  finished.catch(() => undefined)
  for (const gate of gates) await gate.reached()
  await clock.advance(0)
  return { finished, gates }
}

/** The requests of part 5, in order. */
function fifth({ target }: Opened) {
  return target.wire.filter((name) => name.startsWith('part 5'))
}

describe('a part that is far slower than the others', () => {
  it('is sent a second time once no part waits for its turn', async () => {
    const run = open()
    const { finished } = await write(run)
    expect(run.target.trail.filter((name) => name.startsWith('part'))).toHaveLength(5)
    await run.clock.advance(750)
    expect(fifth(run)).toEqual(['part 5'])
    await run.clock.advance(250)
    await finished
    expect(fifth(run)).toEqual(['part 5', 'part 5b', 'part 5b stored', 'part 5 failed'])
    expect(run.target.trail.at(-1)).toBe('complete 1,2,3,4,5,6')
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(run.hedges).toEqual([{ partNumber: 5, elapsedMs: 1000 }])
    expect(run.clock.pending).toBe(0)
  })

  it('is stored by its first request if that is answered first', async () => {
    const run = open()
    run.target.delay('part 5b')
    const { finished, gates } = await write(run)
    await run.clock.advance(1000)
    gates[0]?.open()
    await finished
    expect(fifth(run)).toEqual(['part 5', 'part 5b', 'part 5 stored', 'part 5b failed'])
    expect(run.upload.progress.partsUploaded).toBe(6)
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('is stored by its first request if the second one fails', async () => {
    const run = open()
    run.target.delay('part 5b', BROKEN).open()
    const { finished, gates } = await write(run)
    await run.clock.advance(5000)
    expect(fifth(run)).toEqual(['part 5', 'part 5b', 'part 5b failed'])
    gates[0]?.open()
    await finished
    expect(run.failures).toEqual([])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('is stored by its second request if the first one fails', async () => {
    const run = open()
    const second = run.target.delay('part 5b')
    const first = run.target.delay('part 5', BROKEN)
    await run.upload.append(INPUT)
    const finished = run.upload.finish()
    await first.reached()
    await run.clock.advance(1000)
    first.open()
    await run.clock.advance(0)
    second.open()
    await finished
    expect(run.failures).toEqual([])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('fails the upload once, with the first failure, if both requests fail', async () => {
    const run = open()
    const second = run.target.delay('part 5b', BROKEN)
    const later = new Error('later')
    const first = run.target.delay('part 5', later)
    await run.upload.append(INPUT)
    const finished = run.upload.finish()
    finished.catch(() => undefined)
    await first.reached()
    await run.clock.advance(1000)
    second.open()
    await run.clock.advance(0)
    expect(run.failures).toEqual([])
    first.open()
    await expect(finished).rejects.toMatchObject({ cause: BROKEN, outcome: 'absent' })
    await run.upload.abort(REASON)
    expect(run.failures).toHaveLength(1)
    expect(run.target.trail.filter((name) => name === 'abort')).toHaveLength(1)
    expect(run.target.uploads.size).toBe(0)
  })

  it('is sent twice at most', async () => {
    const run = open()
    run.target.delay('part 5b')
    const { finished, gates } = await write(run)
    await run.clock.advance(60_000)
    expect(fifth(run)).toEqual(['part 5', 'part 5b'])
    gates[0]?.open()
    await finished
  })

  it('keeps its buffers, and Complete waiting, until both requests have settled', async () => {
    const run = open()
    const gone = run.target.delay('part 5 gone')
    const { finished } = await write(run)
    await run.clock.advance(1000)
    await gone.reached()
    await run.clock.advance(10_000)
    expect(run.target.wire.at(-1)).toBe('part 5b stored')
    expect(run.upload.progress).toMatchObject({ heldBytes: PART, partsInFlight: 1 })
    gone.open()
    await finished
    expect(run.target.wire.slice(-2)).toEqual(['part 5 failed', 'complete'])
    expect(run.upload.progress).toMatchObject({ heldBytes: 0, partsInFlight: 0 })
    expect(run.released).toHaveLength(new Set(run.released).size)
  })

  it('has both requests settled before Abort is sent', async () => {
    const run = open()
    run.target.delay('part 5b')
    const gone = run.target.delay('part 5b gone')
    const { finished } = await write(run)
    await run.clock.advance(1000)
    expect(run.upload.progress.partsInFlight).toBe(2)
    const aborted = run.upload.abort(REASON)
    await gone.reached()
    await run.clock.advance(0)
    expect(run.target.wire.at(-1)).toBe('part 5 failed')
    gone.open()
    const report = await aborted
    expect(run.target.wire.slice(-2)).toEqual(['part 5b failed', 'abort'])
    await expect(finished).rejects.toBe(REASON)
    expect(report).toEqual({ outcome: 'absent', abortError: undefined })
    expect(run.upload.progress).toMatchObject({ heldBytes: 0, partsInFlight: 0 })
    expect(run.target.uploads.size).toBe(0)
    expect(run.clock.pending).toBe(0)
  })

  it('fails the upload if whoever is told of it throws', async () => {
    const thrown = new Error('thrown')
    const hooks = {
      onHedge: () => {
        throw thrown
      },
    }
    const run = open({ hooks })
    run.target.delay('part 5b')
    const { finished } = await write(run)
    await run.clock.advance(1000)
    await expect(finished).rejects.toBe(thrown)
    await run.upload.abort(REASON)
    expect(run.target.uploads.size).toBe(0)
  })
})

describe('no part is sent twice', () => {
  it('while all requests that may be on the wire are there', async () => {
    const run = open()
    const held = ['part 3', 'part 4', 'part 5']
    const { finished, gates } = await write(run, held)
    await run.clock.advance(10_000)
    expect(run.target.wire.filter((name) => name.endsWith('b'))).toEqual([])
    for (const gate of gates) gate.open()
    await finished
    expect(run.target.maxInFlight).toBeLessThanOrEqual(3)
  })

  it.each([
    ['with `hedge` off', { hedge: false }],
    ['if there is no MD5 that its ETag could be', { digests: { md5: false, crc64: true } }],
    ['if one request at a time is allowed', { concurrency: 1 }],
  ])('%s', async (_, options) => {
    const run = open(options)
    const { finished, gates } = await write(run)
    await run.clock.advance(60_000)
    expect(fifth(run)).toEqual(['part 5'])
    gates[0]?.open()
    await finished
  })

  it('if the ETags are no MD5s: Complete might name another than the one that stays', async () => {
    const run = open()
    const { uploadPart } = run.target
    run.target.uploadPart = async (request) => {
      const stored = await uploadPart.call(run.target, request)
      return { ...stored, etag: stored.etag.toLowerCase().replace(/^./, 'x') }
    }
    const { gates } = await write(run)
    await run.clock.advance(60_000)
    expect(fifth(run)).toEqual(['part 5'])
    gates[0]?.open()
    await run.upload.abort(REASON)
  })

  it('if the service has too much to do', async () => {
    const run = open()
    run.target.pushBack('part 5')
    const { finished, gates } = await write(run)
    await run.clock.advance(60_000)
    expect(fifth(run)).toEqual(['part 5'])
    gates[0]?.open()
    await finished
  })

  it('while the stream has not ended', async () => {
    const run = open()
    run.target.delay('part 5')
    await run.upload.append(INPUT)
    await run.clock.advance(60_000)
    expect(fifth(run)).toEqual(['part 5'])
    await run.upload.abort(REASON)
  })

  it('if there is only one, which is put', async () => {
    const run = open()
    const gate = run.target.hold('put')
    await run.upload.append(bytes(1000))
    const finished = run.upload.finish()
    await gate.reached()
    await run.clock.advance(60_000)
    gate.open()
    await finished
    expect(run.target.trail).toEqual(['put'])
    expect(run.clock.pending).toBe(0)
  })
})

/** What becomes of a request: it takes so long, and is answered or not. */
const request = fc.record({
  ms: fc.constantFrom(0, 1, 20, 100, 900, 2000, 10_000),
  fails: fc.integer({ min: 0, max: 30 }).map((chance) => chance === 0),
})
const story = fc.record({
  length: fc.integer({ min: PART + 1, max: 9 * PART }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  first: fc.array(request, { minLength: 10, maxLength: 10 }),
  second: fc.array(request, { minLength: 10, maxLength: 10 }),
  abortAt: fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: undefined, freq: 2 }),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

/** A target on a clock, whose requests take as long as the story says. */
class TimedTarget extends FakeTarget {
  readonly #clock: FakeClock
  readonly #story: Story
  readonly #requests = new Map<number, number>()
  readonly #underWay = new Set<object>()
  most = 0
  hasFailed = false

  constructor(clock: FakeClock, story: Story) {
    super()
    this.#clock = clock
    this.#story = story
  }

  override async uploadPart(asked: Parameters<UploadTarget['uploadPart']>[0]) {
    const { partNumber, cancellation } = asked
    const count = (this.#requests.get(partNumber) ?? 0) + 1
    this.#requests.set(partNumber, count)
    expect(count).toBeLessThanOrEqual(2)
    this.#underWay.add(cancellation)
    this.most = Math.max(this.most, this.#underWay.size)
    const told = (count === 1 ? this.#story.first : this.#story.second)[partNumber]
    try {
      await this.#clock.sleep(told?.ms ?? 0, cancellation.signal)
      if (told?.fails) {
        this.hasFailed = true
        throw BROKEN
      }
      return await super.uploadPart(asked)
    } finally {
      this.#underWay.delete(cancellation)
    }
  }
}

describe('any upload whose slow parts are sent twice', () => {
  let hedged = 0

  async function play(told: Story): Promise<void> {
    const { length, concurrency, abortAt } = told
    const clock = new FakeClock()
    const target = new TimedTarget(clock, told)
    const input = bytes(length)
    const lent = new Set<Uint8Array>()
    const { upload } = newUpload({
      target,
      clock,
      concurrency,
      plan: planParts({ partSize: PART, concurrency, maxMemory: (concurrency + 2) * PART }),
      hedge: true,
      slabs: {
        allocate(size) {
          const slab = Buffer.alloc(size)
          lent.add(slab)
          return slab
        },
        free: (slab) => expect(lent.delete(slab)).toBe(true),
      },
      hooks: { onHedge: () => hedged++ },
    })
    let isOver = false
    const ending = (async () => {
      try {
        await upload.append(input)
        await upload.finish()
        return undefined
      } catch (error) {
        await upload.abort(error)
        return error
      } finally {
        isOver = true
      }
    })()
    for (let now = 0; !isOver; now += 250) {
      if (abortAt !== undefined && now >= abortAt) void upload.abort(REASON)
      await clock.advance(250)
    }
    const error = await ending
    if (error === undefined) expect(target.object?.bytes.equals(input)).toBe(true)
    else {
      expect(target.hasFailed || error === REASON).toBe(true)
      expect(target.object).toBeUndefined()
    }
    expect(target.uploads.size).toBe(0)
    expect(target.most).toBeLessThanOrEqual(concurrency)
    expect(upload.progress).toMatchObject({ heldBytes: 0, partsInFlight: 0 })
    expect(lent.size).toBe(0)
    // The deadlines of cleaning up are taken back as soon as it is done.
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  }

  it('is whole, or fails and leaves nothing', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(story, play), { numRuns: 150 })
    expect(hedged).toBeGreaterThan(10)
  })
})
