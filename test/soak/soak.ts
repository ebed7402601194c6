/**
 * The soak: rounds of uploads, several at once, each over a bad wire of its own to one server; after
 * each the ledger of truth is asked, and once more when the round is over.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc64 } from '../../src/protocol/digest.js'
import { createOssServer, type OssServer } from '../../src/server/server.js'
import { BUCKET, idle, objectAt, putBefore, truthOf } from './inspection.js'
import { type Claim, type Intent, liesOf, orphansOf, type Truth } from './ledger.js'
import { BadWire } from './proxy.js'
import { KilledUpload } from './run-killed.js'
import { runUpload, type Told } from './run-upload.js'
import { drawScenario, mustFail, type Scenario } from './scenario.js'
import { contentBefore, contentOf, sha256 } from './source.js'
import { Tally } from './tally.js'

export interface SoakOptions {
  readonly seed: number
  /** Uploads at most. */
  readonly uploads: number
  /** Asked before each upload: whether time is up. */
  readonly isOver: () => boolean
  /** Uploads at once. @default 8 */
  readonly lanes?: number
  /** Every so-manieth upload is one of processes that are killed. @default 12 */
  readonly killedEvery?: number
  /** Index of the first upload, to see one of them again. @default 0 */
  readonly from?: number
}

/** So many uploads share a server: then it goes, with all that it holds. */
const ROUND = 100
/** A process that is disturbed so often is then let alone. */
const DISTURBED_RUNS = 6

export async function runSoak(options: SoakOptions): Promise<Tally> {
  const tally = new Tally()
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-soak-'))
  try {
    const { from = 0, uploads, isOver } = options
    const last = from + uploads
    for (let first = from; first < last && !isOver(); first += ROUND) {
      await runRound(options, tally, folder, [first, Math.min(first + ROUND, last)])
      tally.noteMemory()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return tally
}

interface Settled {
  readonly scenario: Scenario
  readonly intent: Intent
  readonly claim: Claim
}

async function runRound(
  options: SoakOptions,
  tally: Tally,
  folder: string,
  [first, end]: readonly [number, number],
): Promise<void> {
  const { seed, isOver, lanes = 8, killedEvery = 12 } = options
  const onError = (error: unknown) => tally.lies.push(`the server failed: ${error}`)
  await using server = await createOssServer({ buckets: [BUCKET], stallMs: 1000, onError })
  const settled: Settled[] = []
  let next = first
  const lane = async () => {
    while (next < end && !isOver()) {
      const index = next++
      const scenario = drawScenario(seed, index, index % killedEvery === killedEvery - 1)
      try {
        settled.push(await new Trial(server, tally, scenario, folder).run())
      } catch (error) {
        tally.lies.push(`upload ${index}: the soak itself failed: ${error}`)
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  for (const { scenario, intent, claim } of settled) {
    const truth = await truthOf(server, scenario.key)
    tally.orphansWithoutParts += orphansOf(claim, truth)
    for (const lie of liesOf(intent, claim, truth))
      tally.lies.push(`upload ${scenario.index}, later: ${lie}`)
  }
}

/** One upload, from what stood there before to what is said of it in the end. */
class Trial {
  readonly #server: OssServer
  readonly #tally: Tally
  readonly #scenario: Scenario
  readonly #folder: string
  readonly #content: Buffer

  constructor(server: OssServer, tally: Tally, scenario: Scenario, folder: string) {
    this.#server = server
    this.#tally = tally
    this.#scenario = scenario
    this.#folder = folder
    this.#content = contentOf(scenario)
  }

  async run(): Promise<Settled> {
    const { key, weather, kills } = this.#scenario
    const before = contentBefore(this.#scenario)
    if (before !== undefined) await putBefore(this.#server, key, before)
    const faults = this.#scenario.faults.map(({ match, action }) => ({
      kind: `server: ${Object.keys(action)[0]}`,
      fault: this.#server.faults.add(match, action),
    }))
    const wire = await BadWire.to(this.#server.port, weather, (kind) =>
      this.#tally.fault(`wire: ${kind}`),
    )
    const disarm = () => {
      wire.calm()
      for (const { fault } of faults) this.#server.faults.remove(fault)
    }
    try {
      this.#tally.uploads++
      return kills.length === 0 ? await this.#runHere(wire) : await this.#runKilled(wire, disarm)
    } finally {
      disarm()
      await wire.close()
      for (const { kind, fault } of faults) this.#tally.fault(kind, fault.hits)
    }
  }

  async #runHere(wire: BadWire): Promise<Settled> {
    const intent = await this.#intent()
    const told = await runUpload(this.#server, wire.endpoint, this.#scenario, this.#content)
    await this.#judge(wire, intent, told)
    return { scenario: this.#scenario, intent, claim: told.claim }
  }

  /** Until one succeeds: a process that fails is followed by another, as one that is killed is. */
  async #runKilled(wire: BadWire, disarm: () => void): Promise<Settled> {
    const upload = new KilledUpload(this.#server, wire.endpoint, this.#scenario, this.#folder)
    await upload.prepare(this.#content)
    try {
      for (let run = 0; ; run++) {
        const isPatient = run >= DISTURBED_RUNS
        if (isPatient) disarm()
        const intent = await this.#intent()
        const told = await upload.run(this.#scenario.kills[run], isPatient)
        if (told === undefined) {
          this.#tally.kills++
          await this.#quiet(wire)
          continue
        }
        if (told.resumed) this.#tally.resumed++
        await this.#judge(wire, intent, told)
        if (told.claim.success) return { scenario: this.#scenario, intent, claim: told.claim }
        if (isPatient) throw new Error(`it fails undisturbed: ${told.text}`)
      }
    } finally {
      await upload.dispose()
    }
  }

  async #intent(): Promise<Intent> {
    const { marker, integrity, kills, leavePartsOnError, size, key } = this.#scenario
    return {
      size,
      sha256: sha256(this.#content),
      crc64: String(crc64(this.#content)),
      hasMarker: marker,
      knowsCrc64: integrity !== 'md5',
      mustFail: mustFail(this.#scenario),
      keepsParts: leavePartsOnError || kills.length > 0,
      before: await objectAt(this.#server, key),
    }
  }

  async #quiet(wire: BadWire): Promise<void> {
    await wire.quiet()
    await idle(this.#server, this.#scenario.key)
  }

  async #judge(wire: BadWire, intent: Intent, { claim, retries, text }: Told): Promise<void> {
    await this.#quiet(wire)
    const truth = await truthOf(this.#server, this.#scenario.key)
    this.#count(intent, claim, truth)
    this.#tally.retries += retries
    for (const lie of liesOf(intent, claim, truth)) {
      this.#tally.lies.push(`upload ${this.#scenario.index}: ${lie} (${text})`)
    }
  }

  #count(intent: Intent, claim: Claim, truth: Truth): void {
    const tally = this.#tally
    if (claim.success) tally.succeeded++
    else if (claim.outcome === 'absent') tally.failedAbsent++
    else if (claim.outcome === 'published') tally.failedPublished++
    else tally.unknown++
    const hasLanded = truth.object !== undefined && truth.object.marker !== intent.before?.marker
    if (claim.outcome === 'unknown' && hasLanded) tally.unknownLanded++
    if (claim.saidNotCleaned) tally.saidNotCleaned++
  }
}
