/**
 * How long the parts of an upload are: the service's limits, and the schedule by which parts of a
 * stream of unknown length grow so that 10,000 of them suffice. Pure arithmetic.
 */
import { InvalidOptionError } from '../errors.js'

/** Smallest part that is not the last, in bytes (OSS "Limits": 100 KB). Checked by Complete. */
export const MIN_PART_SIZE = 100 * 1024
/** Largest part, in bytes (OSS "Limits": 5 GB). */
export const MAX_PART_SIZE = 5 * 1024 ** 3
/** Most parts of one upload, and the highest part number (OSS "Limits"). */
export const MAX_PARTS = 10_000
/** Size of the first parts if nothing else is known, in bytes. */
export const DEFAULT_PART_SIZE = 8 * 1024 ** 2
/** Parts in flight if nothing else is said. */
export const DEFAULT_CONCURRENCY = 4
/** Memory for part buffers if nothing else is said and the parts fit it, in bytes. */
export const DEFAULT_MAX_MEMORY = 256 * 1024 ** 2

/** So many parts of a stream of unknown length are equal, and its memory is: 23 GiB by the defaults. */
const EQUAL_PARTS = 3000
/** Then it doubles them after each so many. */
const GROWTH_STEP = 1000
/** With an `expectedSize` the parts stay equal up to here; the rest is room for a wrong guess. */
const HINTED_PARTS = 8000

/** The sizes of all parts of one upload. A plan is plain data, so that a checkpoint can hold it. */
export interface PartPlan {
  /** Size of part 1, in bytes; every other size is a multiple of it. */
  readonly partSize: number
  /** Parts up to this number have `partSize`; then the size doubles, again after each 1,000. */
  readonly growAfter: number
  /** No part is larger than this, in bytes: a multiple of `partSize`, at most half of `maxMemory`. */
  readonly maxPartSize: number
  /** Most bytes that may be held in part buffers: filling + sealed + in flight. */
  readonly maxMemory: number
}

/** What a caller says about sizes; see the options of the same names. */
export interface PartPlanOptions {
  readonly partSize?: number | undefined
  readonly concurrency: number
  readonly maxMemory?: number | undefined
  readonly expectedSize?: number | undefined
  readonly exactSize?: boolean | undefined
}

/**
 * Plans an upload.
 * @throws {InvalidOptionError} if no plan of at most 10,000 parts holds `expectedSize` within `maxMemory`.
 */
export function planParts(options: PartPlanOptions): PartPlan {
  const { concurrency, expectedSize } = options
  const exact = options.exactSize === true && expectedSize !== undefined
  const hint = expectedSize ?? 0
  let partSize = options.partSize ?? DEFAULT_PART_SIZE
  const maxMemory = options.maxMemory ?? Math.max(DEFAULT_MAX_MEMORY, (concurrency + 1) * partSize)
  const largest = Math.min(Math.floor(maxMemory / 2), MAX_PART_SIZE)
  if (options.partSize === undefined) {
    // The smallest part that leaves room for a wrong guess; without that room, if memory forbids it.
    const wanted = roundUp(Math.ceil(hint / (exact ? MAX_PARTS : HINTED_PARTS)))
    const needed = roundUp(Math.ceil(hint / MAX_PARTS))
    if (wanted > partSize) partSize = wanted <= largest ? wanted : Math.max(partSize, needed)
    // A small `maxMemory` alone makes small parts: nobody asked for a part size.
    partSize = Math.min(partSize, largest)
  }
  if (partSize > largest || partSize < MIN_PART_SIZE) {
    throw new InvalidOptionError(
      'maxMemory',
      `Expected \`maxMemory\` to be at least ${2 * Math.max(partSize, MIN_PART_SIZE)} (bytes: one part of ` +
        `${Math.max(partSize, MIN_PART_SIZE)} filling while one is in flight), got \`${maxMemory}\` (number)`,
    )
  }
  const equalParts = exact ? MAX_PARTS : HINTED_PARTS
  let plan: PartPlan = {
    partSize,
    growAfter: hint > 0 && hint <= equalParts * partSize ? equalParts : EQUAL_PARTS,
    maxPartSize: Math.floor(largest / partSize) * partSize,
    maxMemory,
  }
  // They grow sooner where what is expected would find no room otherwise.
  if (hint > 0 && hint > capacityOf(plan)) plan = { ...plan, growAfter: GROWTH_STEP }
  const capacity = hint > 0 ? capacityOf(plan) : 0
  if (hint > capacity) {
    throw new InvalidOptionError(
      'expectedSize',
      `Expected \`expectedSize\` to be at most ${capacity} (bytes: what ${MAX_PARTS} parts can hold with a ` +
        `\`partSize\` of ${partSize} and a \`maxMemory\` of ${maxMemory}), got \`${hint}\` (number)`,
    )
  }
  return plan
}

/** Size of part `partNumber` (1 to 10,000), in bytes; the last part of an upload may be shorter. */
export function partSizeAt(partNumber: number, plan: PartPlan): number {
  if (partNumber <= plan.growAfter) return plan.partSize
  const doublings = 1 + Math.floor((partNumber - plan.growAfter - 1) / GROWTH_STEP)
  return Math.min(plan.partSize * 2 ** doublings, plan.maxPartSize)
}

/** Most bytes that an upload of this plan can hold. */
export function capacityOf(plan: PartPlan): number {
  let capacity = Math.min(plan.growAfter, MAX_PARTS) * plan.partSize
  for (let first = plan.growAfter + 1; first <= MAX_PARTS; first += GROWTH_STEP) {
    const count = Math.min(GROWTH_STEP, MAX_PARTS - first + 1)
    capacity += count * partSizeAt(first, plan)
  }
  return capacity
}

/** Parts of at least a MiB are whole MiBs: such sizes are easier to recognise in a listing. */
function roundUp(bytes: number): number {
  const unit = bytes > 1024 ** 2 ? 1024 ** 2 : 1
  return Math.ceil(bytes / unit) * unit
}
