/**
 * Many listeners under one AbortSignal, through a single listener of the signal itself. A thousand
 * requests under the caller's signal would otherwise draw Node's MaxListenersExceededWarning.
 */

import { Cancellation, type CancelSignal } from '../cancellation.js'
import { type Member, NO_PLACE, Roster } from './roster.js'

const hubs = new WeakMap<AbortSignal, Hub>()

interface Hub {
  readonly entries: Roster<Entry>
  readonly fire: () => void
}

/** One each, so that one function given twice is called twice. */
class Entry implements Member {
  place = NO_PLACE
  readonly action: () => void

  constructor(action: () => void) {
    this.action = action
  }
}

/**
 * Calls `action` once `signal` is aborted, at once if it is already.
 * The function returned takes that back; call it when the work is over, or the signal holds it.
 */
export function onAbort(signal: CancelSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return ignore
  if (signal instanceof Cancellation) return signal.onAbort(action)
  if (signal.aborted) {
    action()
    return ignore
  }
  const { entries, fire } = hubs.get(signal) ?? openHub(signal)
  const entry = new Entry(action)
  entries.add(entry)
  return () => {
    if (!entries.delete(entry) || entries.size > 0 || signal.aborted) return
    signal.removeEventListener('abort', fire)
    hubs.delete(signal)
  }
}

function ignore(): void {}

function openHub(signal: AbortSignal): Hub {
  const entries = new Roster<Entry>()
  const fire = () => {
    hubs.delete(signal)
    // One that is taken back by another's action is not called any more.
    for (const entry of entries.list()) if (entries.delete(entry)) entry.action()
  }
  const hub = { entries, fire }
  hubs.set(signal, hub)
  signal.addEventListener('abort', fire, { once: true })
  return hub
}
