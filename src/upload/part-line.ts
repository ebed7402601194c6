/**
 * The way of the bytes: memory, the part being filled, the parts being sent. It bounds what is held
 * and what is on the wire; where an upload comes from and what becomes of it, it does not know.
 */
import { type PartPlan, partSizeAt } from '../protocol/part-plan.js'
import { BufferPool, bufferSizeFor } from './buffer-pool.js'
import type { LedgerRow } from './ledger.js'
import { type DigestChoice, Part, type Witness } from './part.js'
import { PartFiller, type PartFillerSettings } from './part-filler.js'
import { PartHashing, type PartHashingSettings } from './part-hashing.js'
import { PartReader, type PartReaderSettings, type PartSource } from './part-reader.js'
import { PartSender, type PartSenderSettings } from './part-sender.js'
import type { Slabs } from './slabs.js'
import type { StallMeter } from './stall-meter.js'
import type { UploadTarget } from './upload-target.js'

/** What the owner of a line is asked and told. */
export interface PartLineOwner
  extends Pick<PartSenderSettings, 'findStored' | 'onStored' | 'onHedge' | 'onFailure'>,
    Pick<PartFillerSettings, 'onFull' | 'onPartLimit'>,
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
  readonly clock: Pick<PartSenderSettings, 'sleep' | 'ticks'> & Pick<PartFillerSettings, 'breathe'>
  /** Told what a writer waits for. */
  readonly stalls: Pick<StallMeter, 'enter'>
}

/** What parts are hashed with. */
export type LineHashing = Pick<PartHashingSettings, 'mode' | 'loaded' | 'load' | 'isBusy'>

/** How far the bytes of an upload have come. */
export interface LineProgress {
  /** Bytes taken in: those copied into part buffers, and those adopted. */
  readonly bytesWritten: number
  /** Bytes of the parts that the service has acknowledged. */
  readonly bytesUploaded: number
  /** Parts that the service has acknowledged. */
  readonly partsUploaded: number
  /** Requests for parts on the wire, or about to be. */
  readonly partsInFlight: number
  /** Memory held in part buffers, in bytes: filling + sealed + in flight. */
  readonly heldBytes: number
}

export class PartLine implements LineProgress {
  readonly #plan: PartPlan
  readonly #digests: DigestChoice
  readonly #pool: BufferPool
  readonly #filler: PartFiller
  readonly #reader: PartReader
  /** Settles, always well, once nothing is read any more. */
  #reading: Promise<unknown> = Promise.resolve()
  readonly #hashing: PartHashing
  readonly #sender: PartSender

  // Settings are named one by one: to spread them costs a small upload more than to be sent.
  constructor(target: UploadTarget, settings: PartLineSettings, owner: PartLineOwner) {
    const { plan, digests, witness, stalls, clock } = settings
    const { mode, loaded, load, isBusy } = settings.hashing
    const { onFull, onPartLimit, onChange } = owner
    const sleep: typeof clock.sleep = (ms, signal) => clock.sleep(ms, signal)
    this.#plan = plan
    this.#digests = digests
    const pool = new BufferPool(bufferSizeFor(plan.partSize), plan.maxMemory, settings.slabs)
    const hashing = new PartHashing({
      mode,
      loaded,
      load,
      isBusy,
      sleep,
      digests,
      get concurrency() {
        return sender.concurrency
      },
      partsInMemory: Math.floor(plan.maxMemory / plan.partSize),
    })
    const sender = new PartSender(target, {
      concurrency: settings.concurrency,
      maxConcurrency: settings.maxConcurrency,
      hedge: settings.hedge,
      sleep,
      ticks: () => clock.ticks(),
      findStored: owner.findStored,
      onStored: owner.onStored,
      onHedge: owner.onHedge,
      onFailure: owner.onFailure,
      pool,
      seal: (part) => hashing.seal(part),
      onSending: (parts) => hashing.setSending(parts),
    })
    this.#pool = pool
    this.#hashing = hashing
    this.#sender = sender
    const onFullMemory = () => {
      hashing.setStalled()
      stalls.enter(sender.pending < sender.concurrency ? 'memory' : 'network')
    }
    const onMemory = () => stalls.enter(undefined)
    this.#filler = new PartFiller({
      plan,
      pool,
      breathe: () => clock.breathe(),
      onFull,
      onPartLimit,
      onFullMemory,
      onMemory,
      onOpen: (partSize) => {
        pool.limitTo((sender.concurrency + settings.spareParts) * partSize)
        return { digests, witness, hashesAsItFills: hashing.hashesAsItFills(sender.pending) }
      },
    })
    this.#reader = new PartReader({
      plan,
      pool,
      onChange,
      onFullMemory,
      onMemory,
      take: (...read) => {
        hashing.noteBytes()
        return this.#filler.take(...read)
      },
      onSource: (isAwaited) => stalls.enter(isAwaited ? 'source' : undefined),
    })
  }

  get bytesWritten(): number {
    return this.#filler.bytes
  }

  get bytesUploaded(): number {
    return this.#sender.ledger.bytes
  }

  get partsUploaded(): number {
    return this.#sender.ledger.count
  }

  get partsInFlight(): number {
    return this.#sender.inFlight
  }

  get heldBytes(): number {
    return this.#pool.heldBytes
  }

  /** A part has been on its way, whatever became of it. */
  get hasSent(): boolean {
    return this.#sender.hasSent
  }

  /** Takes all of `chunk`; a promise if it has to wait, see {@link PartFiller.append}. */
  append(chunk: Uint8Array): Promise<void> | undefined {
    this.#hashing.noteBytes()
    return this.#filler.append(chunk)
  }

  /** Takes all of `source` that is not taken in yet; returns the bytes of the upload. See {@link PartReader}. */
  async readAll(source: PartSource): Promise<number> {
    await this.#hashing.expect(Math.floor((source.size - this.bytesWritten) / this.#plan.partSize))
    const reading = this.#reader.readAll(source, this.#filler)
    this.#reading = reading.catch(() => undefined)
    await reading
    return this.bytesWritten
  }

  /** Begins behind the parts 1 to n that are stored already; returns their bytes. */
  adopt(rowsOf: (sizeOf: (partNumber: number) => number) => readonly LedgerRow[]): number {
    const rows = rowsOf((partNumber) => partSizeAt(partNumber, this.#plan))
    this.#sender.adopt(rows)
    this.#filler.skip(rows.length, this.#sender.ledger.bytes)
    return this.#sender.ledger.bytes
  }

  /** The last part, full or not; `undefined` if there never was a byte for it. */
  takeLast(): Part | undefined {
    return this.#filler.takeLast()
  }

  /** The part of an object without a byte. */
  emptyPart(): Part {
    return new Part(1, 0, { digests: this.#digests, hashesAsItFills: true })
  }

  /** No part comes after those that were sent: none has to wait for others to be hashed with. */
  end(): void {
    this.#hashing.end()
  }

  /** Sends a part as soon as there is an upload id and a permit. */
  send(part: Part, uploadId: Promise<string>): void {
    this.#sender.send(part, uploadId)
  }

  /** No part comes any more. Resolves once nothing is read and no part is under way. */
  async drain(): Promise<void> {
    await this.#reading
    await this.#sender.drain()
  }

  /** Resolves once nothing is read and no part is under way. */
  async settled(): Promise<void> {
    await this.#reading
    await this.#sender.settled()
  }

  /** All parts, ascending. @throws {RangeError} unless each of them was acknowledged. */
  finish(): LedgerRow[] {
    return this.#sender.finish()
  }

  /** Gives back the buffers of a part that was never sent. */
  release(part: Part): void {
    this.#pool.release(part.buffers)
  }

  /** Keeps no memory that nobody holds. */
  closePool(reason: unknown): void {
    this.#pool.close(reason)
  }

  /** Takes no byte, cancels the parts under way, and lets none begin any more. */
  close(reason: unknown): void {
    this.#hashing.close(reason)
    this.#sender.close(reason)
    this.#pool.close(reason)
    this.#filler.close(reason)
  }
}
