/**
 * The way of the bytes: memory, the part being filled, the parts being sent. It bounds what is held
 * and what is on the wire; where an upload comes from and what becomes of it, it does not know.
 */
import { partSizeAt } from '../protocol/part-plan.js'
import { BufferPool, bufferSizeFor } from './buffer-pool.js'
import type { LedgerRow } from './ledger.js'
import type { PartLineOwner, PartLineSettings } from './line-settings.js'
import { Part, type PartOptions } from './part.js'
import { PartFiller, type PartFillerOwner } from './part-filler.js'
import { PartHashing } from './part-hashing.js'
import { PartReader, type PartSource } from './part-reader.js'
import { PartSender } from './part-sender.js'
import type { UploadTarget } from './upload-target.js'

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

/** What an object of a few bytes needs nothing of: how parts are hashed and sent beside each other. */
interface Machinery {
  readonly hashing: PartHashing
  readonly sender: PartSender
}

export class PartLine implements LineProgress, PartFillerOwner {
  readonly #target: UploadTarget
  readonly #settings: PartLineSettings
  readonly #newOwner: () => PartLineOwner
  #knownOwner: PartLineOwner | undefined
  readonly #pool: BufferPool
  readonly #filler: PartFiller
  /** Settles, always well, once nothing is read any more. */
  #reading: Promise<unknown> | undefined
  #machinery: Machinery | undefined
  #hasOpened = false
  /** The writer waits for memory, or has not yet been told that it has some. */
  #isStarved = false
  /** Of the part that began last, in bytes. */
  #partSize: number
  #closed: { readonly reason: unknown } | undefined

  /** @param newOwner makes the owner, once, when there is a part to tell of beside the last one */
  constructor(target: UploadTarget, settings: PartLineSettings, newOwner: () => PartLineOwner) {
    const { plan, budget, slabs } = settings
    const { partSize, maxMemory } = plan
    this.#partSize = partSize
    this.#target = target
    this.#settings = settings
    this.#newOwner = newOwner
    const bufferSize = bufferSizeFor(partSize)
    const ownBuffers = Math.ceil(partSize / bufferSize)
    this.#pool = new BufferPool({ bufferSize, maxMemory, ownBuffers, budget, slabs })
    this.#filler = new PartFiller(plan, this.#pool, this)
  }

  get bytesWritten(): number {
    return this.#filler.bytes
  }

  get bytesUploaded(): number {
    return this.#machinery?.sender.ledger.bytes ?? 0
  }

  get partsUploaded(): number {
    return this.#machinery?.sender.ledger.count ?? 0
  }

  get partsInFlight(): number {
    return this.#machinery?.sender.inFlight ?? 0
  }

  get heldBytes(): number {
    return this.#pool.heldBytes
  }

  /** A part has been on its way, whatever became of it. */
  get hasSent(): boolean {
    return this.#machinery?.sender.hasSent ?? false
  }

  /** Takes all of `chunk`; a promise if it has to wait, see {@link PartFiller.append}. */
  append(chunk: Uint8Array): Promise<void> | undefined {
    return this.#filler.append(chunk)
  }

  /** Takes all of `source` that is not taken in yet; returns the bytes of the upload. See {@link PartReader}. */
  async readAll(source: PartSource): Promise<number> {
    const { plan, stalls } = this.#settings
    const { hashing } = this.#getMachinery()
    await hashing.expect(Math.floor((source.size - this.bytesWritten) / plan.partSize))
    const reader = new PartReader({
      plan,
      pool: this.#pool,
      onChange: (what) => this.#owner.onChange(what),
      onFullMemory: () => this.onFullMemory(),
      onMemory: () => this.onMemory(),
      take: (...read) => this.#filler.take(...read),
      onSource: (isAwaited) => stalls.enter(isAwaited ? 'source' : undefined),
    })
    const reading = reader.readAll(source, this.#filler)
    // Its failure is told below; whoever drains only waits for the end.
    this.#reading = reading.catch(() => undefined)
    await reading
    return this.bytesWritten
  }

  /** Begins behind the parts 1 to n that are stored already; returns their bytes. */
  adopt(rowsOf: (sizeOf: (partNumber: number) => number) => readonly LedgerRow[]): number {
    const { sender } = this.#getMachinery()
    const rows = rowsOf((partNumber) => partSizeAt(partNumber, this.#settings.plan))
    sender.adopt(rows)
    this.#filler.skip(rows.length, sender.ledger.bytes)
    return sender.ledger.bytes
  }

  /** The last part, full or not; `undefined` if there never was a byte for it. */
  takeLast(): Part | undefined {
    return this.#filler.takeLast()
  }

  /** The part of an object without a byte. */
  emptyPart(): Part {
    return new Part(1, 0, { digests: this.#settings.digests, hashesAsItFills: true })
  }

  /** No part comes after those that were sent: none has to wait for others to be hashed with. */
  end(): void {
    this.#machinery?.hashing.end()
  }

  /** Sends a part as soon as there is an upload id and a permit. */
  send(part: Part, uploadId: Promise<string>): void {
    this.#getMachinery().sender.send(part, uploadId)
  }

  /** No part comes any more. Resolves once nothing is read and no part is under way. */
  async drain(): Promise<void> {
    await this.#reading
    await this.#machinery?.sender.drain()
  }

  /** Resolves once nothing is read and no part is under way. */
  async settled(): Promise<void> {
    await this.#reading
    await this.#machinery?.sender.settled()
  }

  /** All parts, ascending. @throws {RangeError} unless each of them was acknowledged. */
  finish(): LedgerRow[] {
    return this.#getMachinery().sender.finish()
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
    this.#closed ??= { reason }
    this.#machinery?.hashing.close(reason)
    this.#machinery?.sender.close(reason)
    this.#pool.close(reason)
    this.#filler.close(reason)
  }

  // What the filler asks and tells.

  breathe(): Promise<void> {
    return this.#settings.clock.breathe()
  }

  onFull(part: Part): void {
    this.#owner.onFull(part)
  }

  onPartLimit(): Error {
    return this.#owner.onPartLimit()
  }

  onFullMemory(): void {
    const { hashing, sender } = this.#getMachinery()
    this.#isStarved = true
    hashing.setStalled(true)
    const isIdle = sender.pending < sender.concurrency
    this.#settings.stalls.enter(isIdle ? 'memory' : 'network')
  }

  onMemory(): void {
    this.#noteMemory()
    this.#settings.stalls.enter(undefined)
  }

  #noteMemory(): void {
    this.#isStarved = false
    this.#machinery?.hashing.setStalled(false)
  }

  /** How a part of so many bytes, which begins now, is to be hashed. */
  onOpen(partSize: number): PartOptions {
    const { digests, witness } = this.#settings
    const isFirst = !this.#hasOpened
    this.#hasOpened = true
    // The first may turn out to be the only one, which is put without waiting for anything.
    const machinery = isFirst ? this.#machinery : this.#getMachinery()
    const sender = machinery?.sender
    this.#partSize = partSize
    this.#pool.limitTo(this.#mostParts * partSize, partSize)
    const hashesAsItFills = machinery?.hashing.hashesAsItFills(sender?.pending ?? 0) ?? true
    const later = isFirst ? undefined : machinery?.hashing.digestsAsItFills
    return { digests: later ?? digests, witness, hashesAsItFills }
  }

  /** Parts held at once: those on the wire and the spare ones, if memory has room for them. */
  get #mostParts(): number {
    const { spareParts, concurrency } = this.#settings
    return (this.#machinery?.sender.concurrency ?? concurrency) + spareParts
  }

  /** Parts of the current size that its memory holds. */
  get #partsInMemory(): number {
    return Math.min(this.#mostParts, Math.floor(this.#settings.plan.maxMemory / this.#partSize))
  }

  get #owner(): PartLineOwner {
    this.#knownOwner ??= this.#newOwner()
    return this.#knownOwner
  }

  #getMachinery(): Machinery {
    this.#machinery ??= this.#newMachinery()
    return this.#machinery
  }

  // Settings are named one by one: to spread them costs a small upload more than to be sent.
  #newMachinery(): Machinery {
    const owner = this.#owner
    const { digests, clock, hedge, concurrency, maxConcurrency } = this.#settings
    const { mode, loaded, load, isBusy, isPressed } = this.#settings.hashing
    const sleep: typeof clock.sleep = (ms, signal) => clock.sleep(ms, signal)
    const partsInMemory = () => this.#partsInMemory
    const hashing = new PartHashing({
      mode,
      loaded,
      load,
      isBusy,
      isPressed,
      isLineFast: () => sender.isFast(partsInMemory()),
      sleep,
      digests,
      get concurrency() {
        return sender.concurrency
      },
      get partsInMemory() {
        return partsInMemory()
      },
      hasBegun: this.#hasOpened,
    })
    const sender = new PartSender(this.#target, {
      concurrency,
      maxConcurrency,
      hedge,
      sleep,
      ticks: () => clock.ticks(),
      findStored: owner.findStored,
      onStored: owner.onStored,
      onHedge: owner.onHedge,
      onFailure: owner.onFailure,
      pool: this.#pool,
      seal: (part) => hashing.seal(part),
      onPending: (parts) => {
        // It has been given the memory of the part that is done with: its batch may still become full.
        if (this.#isStarved && !this.#pool.isAwaited) this.#noteMemory()
        hashing.setPending(parts)
      },
    })
    if (this.#closed !== undefined) {
      hashing.close(this.#closed.reason)
      sender.close(this.#closed.reason)
    }
    return { hashing, sender }
  }
}
