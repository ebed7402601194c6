/** What the way of an upload's bytes is made of: see part-line.ts. */
import type { PartPlan } from '../protocol/part-plan.js'
import type { MemoryBudget } from './memory-budget.js'
import type { DigestChoice, Witness } from './part.js'
import type { PartFillerOwner } from './part-filler.js'
import type { PartHashingSettings } from './part-hashing.js'
import type { PartReaderSettings } from './part-reader.js'
import type { PartSenderSettings } from './part-sender.js'
import type { Slabs } from './slabs.js'
import type { StallMeter } from './stall-meter.js'

/** What the owner of a line is asked and told. */
export interface PartLineOwner
  extends Pick<PartSenderSettings, 'findStored' | 'onStored' | 'onHedge' | 'onFailure'>,
    Pick<PartFillerOwner, 'onFull' | 'onPartLimit'>,
    Pick<PartReaderSettings, 'onChange'> {}

/** Settings of the upload that matter to the way of its bytes. */
export interface PartLineSettings
  extends Pick<PartSenderSettings, 'concurrency' | 'maxConcurrency' | 'hedge'> {
  readonly plan: PartPlan
  readonly digests: DigestChoice
  readonly witness?: Witness | undefined
  /** Parts of the current size whose buffers are held beside those on the wire, at most. */
  readonly spareParts: number
  readonly hashing: LineHashing
  readonly slabs: Slabs
  /** What all part buffers beyond one part are taken from. */
  readonly budget: MemoryBudget
  readonly clock: Pick<PartSenderSettings, 'sleep' | 'ticks'> & Pick<PartFillerOwner, 'breathe'>
  /** Told what a writer waits for. */
  readonly stalls: Pick<StallMeter, 'enter'>
}

/** What parts are hashed with. */
export type LineHashing = Pick<
  PartHashingSettings,
  'mode' | 'loaded' | 'load' | 'isBusy' | 'isPressed'
>
