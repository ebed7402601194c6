/**
 * What one upload of the soak is like: seed and index → scenario, nothing else. What shall go wrong
 * with the server is part of it; what the wire does is drawn from `weather` as the requests come.
 */
import type { OperationName } from '../../src/protocol/operations.js'
import type { FaultAction, FaultMatch } from '../../src/server/server.js'
import { SeededRandom } from './random.js'
import { drawFaults } from './server-faults.js'

export const KIB = 1024
export const PART = 100 * KIB

/** How a process that uploads is killed: as so many requests of an operation have come. */
export interface Kill {
  readonly operation: OperationName
  readonly skip: number
}

export type Interruption =
  | { readonly how: 'source-error' | 'destroy' | 'signal'; readonly afterBytes: number }
  /** Some time after all bytes have been written: in the middle of Complete, with luck. */
  | { readonly how: 'destroy' | 'signal'; readonly afterEndMs: number }

export interface Scenario {
  readonly index: number
  readonly key: string
  /** Seeds the bytes of the source. */
  readonly content: number
  readonly size: number
  readonly chunkSize: number
  readonly concurrency: number
  readonly integrity: 'md5' | 'md5+crc64' | 'crc64'
  readonly marker: boolean
  /** What stands at the key when it begins: nothing, other bytes, or the very same ones. */
  readonly before: 'nothing' | 'other' | 'equal'
  readonly forbidOverwrite: boolean
  readonly exactSize: 'right' | 'wrong' | undefined
  readonly expectedDigest: 'right' | 'wrong' | undefined
  readonly sha256: boolean
  readonly veto: boolean
  readonly onMismatch: 'keep' | 'delete'
  readonly leavePartsOnError: boolean
  readonly hasCheckpoint: boolean
  readonly interruption: Interruption | undefined
  /** Tokens of a provider that live so long, in milliseconds; `undefined`: a key that does not expire. */
  readonly token: { readonly lifetimeMs: number; readonly tellsExpiration: boolean } | undefined
  readonly jumpsClock: boolean
  readonly maxAttempts: number
  readonly faults: readonly { readonly match: FaultMatch; readonly action: FaultAction }[]
  readonly weather: { readonly seed: number; readonly rate: number }
  /** A process of its own uploads it, and is killed so often. */
  readonly kills: readonly Kill[]
}

/** @param kills whether this one is uploaded by processes that are killed */
export function drawScenario(seed: number, index: number, kills: boolean): Scenario {
  const random = new SeededRandom(seed + Math.imul(index + 1, 0x9e3779b1))
  const isSmall = !kills && random.chance(0.35)
  const size = isSmall ? smallSize(random) : largeSize(random)
  const marker = kills || random.chance(0.85)
  const key = `${kills ? 'killed' : 'upload'}/${index} ü`
  const integrity = random.pick(['md5', 'md5', 'md5+crc64', 'crc64'])
  const refuses = !kills && random.chance(0.2)
  const scenario = {
    index,
    key,
    content: random.integer(1, 2 ** 31 - 1),
    size,
    chunkSize: random.pick([1000, 16 * KIB, 64 * KIB, PART, 1024 * KIB]),
    concurrency: random.integer(1, 6),
    integrity,
    marker,
    before: random.pick(['nothing', 'nothing', 'other', 'equal']),
    forbidOverwrite: !kills && random.chance(0.2),
    exactSize: refuses ? random.pick(['right', 'wrong', undefined]) : undefined,
    expectedDigest: refuses ? random.pick(['right', 'wrong', undefined]) : undefined,
    sha256: random.chance(0.2),
    veto: refuses && random.chance(0.3),
    onMismatch: marker && random.chance(0.3) ? ('delete' as const) : ('keep' as const),
    leavePartsOnError: random.chance(0.1),
    hasCheckpoint: random.chance(0.2),
    interruption: !kills && random.chance(0.25) ? drawInterruption(random, size) : undefined,
    token: random.chance(0.3)
      ? { lifetimeMs: random.integer(30, 600), tellsExpiration: random.chance(0.5) }
      : undefined,
    jumpsClock: random.chance(0.15),
    maxAttempts: random.pick([1, 3, 5, 5, 8]),
    weather: {
      seed: random.integer(0, 2 ** 31 - 1),
      rate: random.pick([0, 0.05, 0.15, 0.3, 0.5, 0.8]),
    },
    kills: kills ? drawKills(random, Math.ceil(size / PART)) : [],
  }
  return { ...scenario, faults: drawFaults(random, key, scenario) }
}

/** Whether success would be a lie, whatever the wire does. */
export function mustFail({ exactSize, expectedDigest, veto, interruption }: Scenario): boolean {
  const isRefused = exactSize === 'wrong' || expectedDigest === 'wrong' || veto
  return isRefused || (interruption !== undefined && 'afterBytes' in interruption)
}

/** No byte, one, and around the size of a part. */
function smallSize(random: SeededRandom): number {
  return random.pick([0, 1, random.integer(2, PART - 1), PART - 1, PART])
}

function largeSize(random: SeededRandom): number {
  const parts = random.integer(1, 10)
  return parts * PART + random.pick([0, 1, random.integer(1, PART - 1)])
}

function drawInterruption(random: SeededRandom, size: number): Interruption {
  const how = random.pick(['source-error', 'destroy', 'signal'])
  if (how === 'source-error' || random.chance(0.5)) {
    return { how, afterBytes: random.integer(0, size) }
  }
  return { how, afterEndMs: random.integer(0, 60) }
}

function drawKills(random: SeededRandom, parts: number): Kill[] {
  return Array.from({ length: random.integer(1, 3) }, () => {
    const operation = random.pick<OperationName>([
      'UploadPart',
      'UploadPart',
      'UploadPart',
      'InitiateMultipartUpload',
      'CompleteMultipartUpload',
      'ListParts',
    ])
    return { operation, skip: operation === 'UploadPart' ? random.integer(0, parts - 1) : 0 }
  })
}
