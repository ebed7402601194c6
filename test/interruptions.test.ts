/** What ends a stream from outside, with one listener of the process for all of them. */
import { describe, expect, it } from 'vitest'
import { Interruptions } from '../src/interruptions.js'

const IDLE = new Error('nothing left to do')

function open(signal?: AbortSignal) {
  const reasons: unknown[] = []
  const interruptions = new Interruptions({
    signal,
    onIdleProcess: () => IDLE,
    stream: { destroy: (reason) => reasons.push(reason) },
  })
  return { reasons, interruptions }
}

const listeners = () => process.listenerCount('beforeExit')

describe('the end of a process', () => {
  it('ends what has begun, and has one listener however many that are', () => {
    const before = listeners()
    const streams = Array.from({ length: 20 }, () => open())
    expect(listeners()).toBe(before)
    for (const { interruptions } of streams.slice(5)) interruptions.begin()
    expect(listeners()).toBe(before + 1)
    process.emit('beforeExit', 0)
    expect(streams.map(({ reasons }) => reasons)).toEqual([
      ...Array.from({ length: 5 }, () => []),
      ...Array.from({ length: 15 }, () => [IDLE]),
    ])
    for (const { interruptions } of streams) interruptions.release()
    expect(listeners()).toBe(before)
  })

  it('does not concern what is over', () => {
    const before = listeners()
    const [one, other] = [open(), open()]
    for (const { interruptions } of [one, other]) interruptions.begin()
    one.interruptions.begin()
    one.interruptions.release()
    expect(listeners()).toBe(before + 1)
    process.emit('beforeExit', 0)
    other.interruptions.release()
    other.interruptions.release()
    expect([one.reasons, other.reasons]).toEqual([[], [IDLE]])
    expect(listeners()).toBe(before)
  })
})

describe('the signal', () => {
  it('ends it with its reason, unless it is over', () => {
    const stop = new AbortController()
    const [one, other] = [open(stop.signal), open(stop.signal)]
    for (const { interruptions } of [one, other]) interruptions.listen()
    other.interruptions.release()
    stop.abort(IDLE)
    expect([one.reasons, other.reasons]).toEqual([[IDLE], []])
  })

  it('that is aborted already is not what ends it', () => {
    const { reasons, interruptions } = open(AbortSignal.abort(IDLE))
    interruptions.listen()
    expect(reasons).toEqual([])
  })

  it.each([null, 0, ''])('without a reason (%j) still tells one', (reason) => {
    const stop = new AbortController()
    const { reasons, interruptions } = open(stop.signal)
    interruptions.listen()
    stop.abort(reason)
    expect(reasons).toMatchObject([{ name: 'AbortError' }])
  })
})
