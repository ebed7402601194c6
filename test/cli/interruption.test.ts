import { describe, expect, it } from 'vitest'
import { SignalError } from '../../src/cli/exit-codes.js'
import { listenForSignals } from '../../src/cli/interruption.js'
import { FakeContext } from '../helpers/fake-context.js'

function listen() {
  const context = new FakeContext()
  const told: string[] = []
  const interruption = listenForSignals(
    context,
    ({ signal }) => told.push(signal),
    () => told.push('left'),
  )
  return { context, told, interruption }
}

describe('a signal', () => {
  it('aborts, and leaves 10 s', () => {
    const { context, told, interruption } = listen()
    expect(interruption.received).toBeUndefined()
    context.signals.emit('SIGTERM', 'SIGTERM')
    expect(interruption.received).toBeInstanceOf(SignalError)
    expect(interruption.signal.reason).toBe(interruption.received)
    context.pass(9999)
    expect([told, context.exits]).toEqual([['SIGTERM'], []])
    context.pass(1)
    expect([told, context.exits]).toEqual([['SIGTERM', 'left'], [143]])
  })

  it('ends at once when a second one comes, with the code of that', () => {
    const { context, told } = listen()
    context.signals.emit('SIGTERM', 'SIGTERM')
    context.signals.emit('SIGINT', 'SIGINT')
    expect([told, context.exits]).toEqual([['SIGTERM', 'left'], [130]])
  })

  it('is nobody’s once the work is done', () => {
    const { context, interruption } = listen()
    context.signals.emit('SIGHUP', 'SIGHUP')
    interruption.dispose()
    context.pass(60_000)
    expect(context.exits).toEqual([])
    expect(context.signals.eventNames()).toEqual([])
  })
})
