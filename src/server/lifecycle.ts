/**
 * Lifecycle rules: which uploads and objects are due, and carrying that out. Rules that say more
 * than the server can do are refused when they are put, never half carried out.
 */

import { parseXml, type XmlElement } from '../protocol/xml.js'
import {
  decodeLifecycle,
  type LifecycleRule,
  type LifecycleTime,
} from '../protocol/xml-lifecycle.js'
import type { ServerClock } from './clock.js'
import { decodeDocument } from './document.js'
import { failures } from './failures.js'
import { KeyedLock } from './keyed-lock.js'
import type { Store } from './store.js'

const DAY_MS = 24 * 60 * 60 * 1000
const INTERVAL_MS = 60_000
const MAX_RULES = 1000

/** Elements the server carries out, by the path below `Rule`. */
const UNDERSTOOD = new Set(['ID', 'Prefix', 'Status', 'Expiration', 'AbortMultipartUpload'])
const TIMES = new Set(['Days', 'CreatedBeforeDate'])

/** Reads the rules of PutBucketLifecycle. @throws {Failure} 400 MalformedXML, NotImplemented */
export function readLifecycle(document: Uint8Array): LifecycleRule[] {
  const rules = decodeDocument(decodeLifecycle, document)
  if (rules.length > MAX_RULES) throw failures.malformedXml(`more than ${MAX_RULES} rules`)
  for (const rule of rules) {
    for (const time of [rule.expiration, rule.abortMultipartUpload]) checkDate(time)
  }
  const root = decodeDocument((bytes) => parseXml(bytes, 'LifecycleConfiguration'), document)
  for (const rule of root.children) checkUnderstood(rule)
  return rules
}

/** Whether something of that age is due: `since` in milliseconds since the epoch. */
export function isDue(time: LifecycleTime, since: number, now: number): boolean {
  if ('days' in time) return now - since >= time.days * DAY_MS
  return since < Date.parse(time.createdBeforeDate)
}

/** Aborts uploads and deletes objects that are due; returns how many. */
export async function runLifecycle(store: Store, now: number): Promise<number> {
  let count = 0
  for (const { record, uploads, objects } of store.buckets()) {
    const rules = (record.lifecycle ?? []).filter((rule) => rule.enabled)
    if (rules.length === 0) continue
    const due = (action: 'abortMultipartUpload' | 'expiration', key: string, since: number) =>
      rules.some((rule) => {
        const time = rule[action]
        return time !== undefined && key.startsWith(rule.prefix) && isDue(time, since, now)
      })
    for (const { record: upload } of [...uploads.values()]) {
      if (!due('abortMultipartUpload', upload.key, upload.initiated)) continue
      if (await store.abortUpload(record.name, upload.uploadId)) count += 1
    }
    for (const { key, lastModified } of [...objects.values()]) {
      if (!due('expiration', key, lastModified)) continue
      await store.editObject(record.name, key, (current) => {
        if (current === undefined || !due('expiration', key, current.lastModified)) return current
        count += 1
        return undefined
      })
    }
  }
  return count
}

/** Carries the rules out now and then, one run at a time. */
export class LifecycleRunner {
  readonly #store: Store
  readonly #clock: ServerClock
  #lastRun = -Infinity
  readonly #lock = new KeyedLock()

  constructor(store: Store, clock: ServerClock) {
    this.#store = store
    this.#clock = clock
  }

  /** Runs if the last run is a minute ago; a clock that was set back counts as well. */
  async runIfDue(): Promise<void> {
    if (Math.abs(this.#clock.now() - this.#lastRun) >= INTERVAL_MS) await this.run()
  }

  /** Runs as of now, after a run that is under way. */
  run(): Promise<number> {
    this.#lastRun = this.#clock.now()
    return this.#lock.run('run', () => runLifecycle(this.#store, this.#clock.now()))
  }
}

function checkDate(time: LifecycleTime | undefined): void {
  if (time === undefined || 'days' in time) return
  if (!/^\d{4}-\d\d-\d\dT00:00:00(?:\.000)?Z$/.test(time.createdBeforeDate)) {
    throw failures.malformedXml('CreatedBeforeDate must be midnight UTC')
  }
}

function checkUnderstood(rule: XmlElement): void {
  for (const child of rule.children) {
    const known = UNDERSTOOD.has(child.name) && child.children.every((time) => TIMES.has(time.name))
    if (!known) throw failures.notImplemented(child.name)
  }
}
