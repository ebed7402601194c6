/**
 * The fault script: what shall go wrong, with which requests, how often. Data in, data out: it
 * picks the faults that apply to a request; `exchange.ts` carries them out.
 */

import type { OperationName } from '../protocol/operations.js'
import { checkFault } from './check-fault.js'
import { Gate } from './gate.js'

/** Which requests a fault is for: those that agree in everything that is given. */
export interface FaultMatch {
  readonly operation?: OperationName | readonly OperationName[]
  readonly bucket?: string
  readonly key?: string
  readonly partNumber?: number
  readonly uploadId?: string
  /** Let so many matching requests pass first. @default 0 */
  readonly skip?: number
  /** Then apply to so many; `Infinity` for all. @default 1 */
  readonly times?: number
}

/** Answers an error document instead of processing the request; nothing is changed in the store. */
export interface ErrorFault {
  readonly status: number
  /** @default 'ServiceUnavailable' for 503, 'InternalError' otherwise */
  readonly code?: string
  readonly message?: string
  readonly ec?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the body is read first. @default 'after-body' */
  readonly when?: 'before-body' | 'after-body'
  readonly body?: never
}

/** Answers these very bytes: HTML of a proxy, truncated XML, something huge, 200 with an `<Error>`. */
export interface RawFault {
  readonly body: string | Uint8Array
  readonly status: number
  /** @default content-type application/xml */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the request takes effect all the same. @default false */
  readonly process?: boolean
}

/** Cuts the connection with a TCP reset; the request takes no effect. */
export interface ResetFault {
  /** `before-body`: on arrival. `mid-body`: after half of it. `after-body`: when all was read. */
  readonly reset: 'before-body' | 'mid-body' | 'after-body'
}

/** Processes the request entirely, then cuts the connection instead of answering. */
export interface DropFault {
  readonly drop: 'answer'
}

/** Waits before it goes on. */
export interface DelayFault {
  readonly delayMs: number
}

/** Waits until {@link Fault.release}: before anything is done, or with everything done but the answer. */
export interface HoldFault {
  readonly hold: 'arrival' | 'before-answer'
}

/**
 * Changes one byte: of the request's body on its way (`received`: what has a Content-MD5 is answered
 * InvalidDigest), or at rest (`stored`: digests and answer are right); or what the answer says.
 */
export interface CorruptFault {
  readonly corrupt: 'received' | 'stored' | 'etag' | 'crc64'
}

/** Leaves a header out of the answer, in whatever case it is spelt. */
export interface DropHeaderFault {
  readonly dropHeader: string
}

/** Adds or replaces headers of the answer, in whatever case they are spelt. */
export interface SetHeaderFault {
  readonly setHeader: Readonly<Record<string, string>>
}

/** Sends the answer's body in pieces of `bytes` (default 1), with a pause of `everyMs` (default 1) after each. */
export interface DripFault {
  readonly drip: { readonly bytes?: number; readonly everyMs?: number }
}

/** Breaks the connection off after so many bytes of the answer's body have gone out. */
export interface BreakFault {
  readonly breakAfter: number
}

/** The token of this request expires now, for good: SecurityTokenExpired for it and all that follow. */
export interface ExpireTokenFault {
  readonly expireToken: true
}

/** For this request the server's clock is ahead by so much (behind, if negative): its Date and its checks. */
export interface SkewFault {
  readonly skewMs: number
}

export type FaultAction =
  | ErrorFault
  | RawFault
  | ResetFault
  | DropFault
  | DelayFault
  | HoldFault
  | CorruptFault
  | DropHeaderFault
  | SetHeaderFault
  | DripFault
  | BreakFault
  | ExpireTokenFault
  | SkewFault

/** What the faults are matched against. */
export interface FaultSubject {
  readonly operation: OperationName | undefined
  readonly bucket: string
  readonly key: string
  readonly partNumber?: number | undefined
  readonly uploadId?: string | undefined
}

/** A fault that has been added. */
export class Fault {
  readonly match: FaultMatch
  readonly action: FaultAction
  readonly #waiting: { count: number; gate: Gate }[] = []
  readonly #released = new Gate()
  #seen = 0
  #hits = 0
  #arrivals = 0

  constructor(match: FaultMatch, action: FaultAction) {
    this.match = match
    this.action = action
  }

  /** How many requests it has been applied to. */
  get hits(): number {
    return this.#hits
  }

  /**
   * Resolves once it has been applied to `count` requests. A `hold` holds them then: with
   * `before-answer` everything that they ask for is done.
   */
  reached(count = 1): Promise<void> {
    const gate = new Gate()
    if (this.#arrivals >= count) gate.open()
    else this.#waiting.push({ count, gate })
    return gate.passed
  }

  /** Lets go all requests that a `hold` holds, and those to come. */
  release(): void {
    this.#released.open()
  }

  /** For the server: resolves on {@link release}. @internal */
  get released(): Promise<void> {
    return this.#released.passed
  }

  /** For the server: whether it applies to this request; counts it. @internal */
  take(subject: FaultSubject): boolean {
    if (!matches(this.match, subject)) return false
    this.#seen += 1
    const skip = this.match.skip ?? 0
    if (this.#seen <= skip || this.#seen > skip + (this.match.times ?? 1)) return false
    this.#hits += 1
    if (!('hold' in this.action && this.action.hold === 'before-answer')) this.arrive()
    return true
  }

  /** For the server: a request is where the fault strikes. @internal */
  arrive(): void {
    this.#arrivals += 1
    for (const { count, gate } of this.#waiting) if (count <= this.#arrivals) gate.open()
  }
}

export class FaultScript {
  readonly #faults = new Set<Fault>()

  /**
   * Adds a fault; several may apply to one request, in the order added.
   * @throws {InvalidOptionError} for one that could never strike, or would do nothing
   */
  add(match: FaultMatch, action: FaultAction): Fault {
    checkFault(match, action)
    const fault = new Fault(match, action)
    this.#faults.add(fault)
    return fault
  }

  /** Takes one fault out, and lets go what it holds. */
  remove(fault: Fault): void {
    this.#faults.delete(fault)
    fault.release()
  }

  /** Takes all faults out, and lets go what they hold. */
  clear(): void {
    for (const fault of this.#faults) this.remove(fault)
  }

  /** For the server: the faults that apply to a request that has just arrived. @internal */
  take(subject: FaultSubject): AppliedFaults {
    return new AppliedFaults([...this.#faults].filter((fault) => fault.take(subject)))
  }
}

/** The faults of one request, by kind. */
export class AppliedFaults {
  readonly #faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    this.#faults = faults
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0
  }

  /** The first action that has this field. */
  find<F extends ActionField>(field: F): ActionWith<F> | undefined {
    return this.all(field)[0]
  }

  /** All actions that have this field. */
  all<F extends ActionField>(field: F): ActionWith<F>[] {
    return this.#faults
      .map((fault) => fault.action)
      .filter((action): action is ActionWith<F> => field in action)
  }

  /** Resolves when nothing holds the request at this point any more. */
  async held(at: HoldFault['hold']): Promise<void> {
    for (const fault of this.#faults) {
      if (!('hold' in fault.action) || fault.action.hold !== at) continue
      if (at === 'before-answer') fault.arrive()
      await fault.released
    }
  }

  /** The error or raw answer to give instead of processing, if any. */
  get answer(): ErrorFault | RawFault | undefined {
    return this.find('status')
  }
}

type ActionField = FaultAction extends infer A ? (A extends A ? keyof A : never) : never
type ActionWith<F extends ActionField> = FaultAction extends infer A
  ? A extends { readonly [K in F]: unknown }
    ? A
    : never
  : never

function matches(match: FaultMatch, subject: FaultSubject): boolean {
  const { operation } = match
  if (operation !== undefined) {
    const names: readonly (OperationName | undefined)[] =
      typeof operation === 'string' ? [operation] : operation
    if (!names.includes(subject.operation)) return false
  }
  return (['bucket', 'key', 'partNumber', 'uploadId'] as const).every(
    (field) => match[field] === undefined || match[field] === subject[field],
  )
}
