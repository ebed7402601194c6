/** Streams with events beside Node's own, as types; there is nothing at run time. */
import type { Readable, Writable } from 'node:stream'
import type { StrictWritable } from './strict-writable.js'

/** The arguments of each event, by its name. */
type EventMap<Events> = { [Name in keyof Events]: unknown[] }

type AnyListener = Parameters<Writable['on']>[1]

interface WritableEvents {
  close: []
  drain: []
  error: [error: Error]
  finish: []
  pipe: [source: Readable]
  unpipe: [source: Readable]
}

interface ReadableEvents {
  close: []
  data: Parameters<AnyListener>
  end: []
  error: [error: Error]
  pause: []
  readable: []
  resume: []
}

/**
 * `on()` and its like. Node's takes any listener to any name, and would let a listener to one of `Events` expect
 * anything: the last overload is Node's for every other name, and takes nothing for these. To Node's own events
 * it still takes what expects more than is known, such as an UploadError of `error`.
 */
export interface Listen<Events extends EventMap<Events>, Own extends EventMap<Own>, Self> {
  <Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): Self
  <Name extends keyof Own>(name: Name, listener: (...values: Own[Name]) => void): Self
  <Name extends string | symbol>(
    name: Name,
    listener: Name extends keyof Events ? never : AnyListener,
  ): Self
}

export interface Emit<Events extends EventMap<Events>> {
  <Name extends keyof Events>(name: Name, ...values: Events[Name]): boolean
  (name: string | symbol, ...values: unknown[]): boolean
}

/** The strict Writable as it is, but for the types of these events. */
export interface EventfulWritable<Events extends EventMap<Events>> extends StrictWritable {
  on: Listen<Events, WritableEvents, this>
  once: Listen<Events, WritableEvents, this>
  addListener: Listen<Events, WritableEvents, this>
  prependListener: Listen<Events, WritableEvents, this>
  prependOnceListener: Listen<Events, WritableEvents, this>
  off: Listen<Events, WritableEvents, this>
  removeListener: Listen<Events, WritableEvents, this>
  emit: Emit<Events>
}

/** Node's Readable as it is, but for the types of these events. */
export interface EventfulReadable<Events extends EventMap<Events>> extends Readable {
  on: Listen<Events, ReadableEvents, this>
  once: Listen<Events, ReadableEvents, this>
  addListener: Listen<Events, ReadableEvents, this>
  prependListener: Listen<Events, ReadableEvents, this>
  prependOnceListener: Listen<Events, ReadableEvents, this>
  off: Listen<Events, ReadableEvents, this>
  removeListener: Listen<Events, ReadableEvents, this>
  emit: Emit<Events>
}
