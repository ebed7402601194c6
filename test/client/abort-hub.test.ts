import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../src/client/abort-hub.js'

describe('onAbort', () => {
  it('puts one listener on a signal, however many actions wait', () => {
    const controller = new AbortController()
    const trail: number[] = []
    for (let i = 0; i < 1000; i++) onAbort(controller.signal, () => trail.push(i))
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort()
    expect(trail).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  })

  it('leaves no listener once every action is taken back', () => {
    const { signal } = new AbortController()
    const releases = [1, 2, 3].map(() => onAbort(signal, () => {}))
    for (const release of releases) release()
    releases[0]?.()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('does not call an action that was taken back', () => {
    const controller = new AbortController()
    const trail: string[] = []
    const release = onAbort(controller.signal, () => trail.push('first'))
    onAbort(controller.signal, () => trail.push('second'))
    release()
    controller.abort()
    expect(trail).toEqual(['second'])
  })

  it('calls the same function as often as it was given', () => {
    const controller = new AbortController()
    let calls = 0
    const action = () => {
      calls += 1
    }
    onAbort(controller.signal, action)
    onAbort(controller.signal, action)
    controller.abort()
    expect(calls).toBe(2)
  })

  it('acts at once on a signal that is aborted already', () => {
    const trail: string[] = []
    onAbort(AbortSignal.abort(), () => trail.push('now'))
    onAbort(undefined, () => trail.push('never'))
    expect(trail).toEqual(['now'])
  })
})
