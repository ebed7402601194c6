/** Calling off, with no more than it takes; to whoever asks for a signal it is the same. */
import { describe, expect, it } from 'vitest'
import { Cancellation } from '../src/cancellation.js'

const REASON = new Error('enough')

describe('a cancellation', () => {
  it('calls what waits for it once, in order, but for what was taken back', () => {
    const cancellation = new Cancellation()
    const called: string[] = []
    cancellation.onAbort(() => called.push('first'))
    const release = cancellation.onAbort(() => called.push('released'))
    cancellation.onAbort(() => called.push('last'))
    release()
    release()
    cancellation.abort(REASON)
    cancellation.abort(new Error('too late'))
    expect(called).toEqual(['first', 'last'])
    expect(cancellation).toMatchObject({ aborted: true, reason: REASON })
    expect(() => cancellation.throwIfAborted()).toThrow(REASON)
  })

  it('calls at once what comes after it', () => {
    const cancellation = new Cancellation()
    cancellation.throwIfAborted()
    cancellation.abort(REASON)
    let calls = 0
    cancellation.onAbort(() => calls++)()
    expect(calls).toBe(1)
  })

  it('does not call what another has taken back meanwhile', () => {
    const cancellation = new Cancellation()
    let calls = 0
    cancellation.onAbort(() => release())
    const release = cancellation.onAbort(() => calls++)
    cancellation.abort(REASON)
    expect(calls).toBe(0)
  })

  it.each([
    ['before', REASON],
    ['after', REASON],
    ['before', undefined],
    ['after', undefined],
  ])('gives a signal, asked for %s it, with the reason %s', (when, reason) => {
    const cancellation = new Cancellation()
    const early = when === 'before' ? cancellation.signal : undefined
    expect(early?.aborted ?? false).toBe(false)
    cancellation.abort(reason)
    const { signal } = cancellation
    expect(early ?? signal).toBe(signal)
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toBe(cancellation.reason)
    const usual = new AbortController()
    usual.abort(reason)
    expect(String(signal.reason)).toBe(String(usual.signal.reason))
  })
})
