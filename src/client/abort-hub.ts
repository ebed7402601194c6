/**
 * Many listeners under one AbortSignal, through a single listener of the signal itself. A thousand
 * requests under the caller's signal would otherwise draw Node's MaxListenersExceededWarning.
 */

const hubs = new WeakMap<AbortSignal, Hub>()

interface Hub {
  readonly actions: Set<() => void>
  readonly fire: () => void
}

/**
 * Calls `action` once `signal` is aborted, at once if it is already.
 * The function returned takes that back; call it when the work is over, or the signal holds it.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return ignore
  if (signal.aborted) {
    action()
    return ignore
  }
  const { actions, fire } = hubs.get(signal) ?? openHub(signal)
  // A wrapper each, so that one function given twice is called twice.
  const entry = () => action()
  actions.add(entry)
  return () => {
    if (!actions.delete(entry) || actions.size > 0 || signal.aborted) return
    signal.removeEventListener('abort', fire)
    hubs.delete(signal)
  }
}

function ignore(): void {}

function openHub(signal: AbortSignal): Hub {
  const actions = new Set<() => void>()
  const fire = () => {
    hubs.delete(signal)
    for (const action of actions) action()
  }
  const hub = { actions, fire }
  hubs.set(signal, hub)
  signal.addEventListener('abort', fire, { once: true })
  return hub
}
