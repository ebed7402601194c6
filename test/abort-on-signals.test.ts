/** Signals become an AbortSignal, once; a second one is the process's again. */
import type { ChildProcess } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { abortOnSignals, type SignalSource } from '../src/abort-on-signals.js'
import { InvalidOptionError } from '../src/errors.js'
import { runChild } from './helpers/run-child.js'
import { startServer } from './helpers/start-server.js'

type Listener = (name: NodeJS.Signals) => void

/** What a process does with its listeners; `send` tells whether anybody listened. */
class FakeProcess implements SignalSource {
  readonly #listeners: { readonly event: NodeJS.Signals; readonly listener: Listener }[] = []

  get count(): number {
    return this.#listeners.length
  }

  once(event: NodeJS.Signals, listener: Listener): void {
    if (event === 'SIGKILL') throw new Error('uv_signal_start EINVAL')
    this.#listeners.push({ event, listener })
  }

  off(event: NodeJS.Signals, listener: Listener): void {
    const index = this.#listeners.findIndex(
      (each) => each.event === event && each.listener === listener,
    )
    if (index !== -1) this.#listeners.splice(index, 1)
  }

  send(name: NodeJS.Signals): boolean {
    const heard = this.#listeners.filter(({ event }) => event === name)
    for (const { event, listener } of heard) {
      this.off(event, listener)
      listener(name)
    }
    return heard.length > 0
  }
}

describe('abortOnSignals', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('aborts on %s, and says why', (name) => {
    const source = new FakeProcess()
    const stop = abortOnSignals(undefined, source)
    expect([stop.signal.aborted, stop.received]).toEqual([false, undefined])
    expect(source.send(name)).toBe(true)
    expect(stop.signal.aborted).toBe(true)
    expect(stop.received).toBe(name)
    expect(stop.signal.reason).toBeInstanceOf(Error)
    expect(stop.signal.reason).toMatchObject({
      name: 'AbortError',
      message: `The process was told to end (${name})`,
      cause: name,
    })
  })

  it('leaves the second signal to the process, whichever it is', () => {
    for (const second of ['SIGINT', 'SIGTERM'] as const) {
      const source = new FakeProcess()
      const stop = abortOnSignals(undefined, source)
      source.send('SIGINT')
      expect(source.count).toBe(0)
      expect(source.send(second)).toBe(false)
      expect(stop.received).toBe('SIGINT')
    }
  })

  it('listens to the signals that it is given', () => {
    const source = new FakeProcess()
    const stop = abortOnSignals(['SIGHUP', 'SIGUSR2'], source)
    expect(source.send('SIGINT')).toBe(false)
    expect(stop.signal.aborted).toBe(false)
    expect(source.send('SIGUSR2')).toBe(true)
    expect(stop.received).toBe('SIGUSR2')
  })

  it('listens no more once it is disposed of, by either name', () => {
    const source = new FakeProcess()
    const stop = abortOnSignals(undefined, source)
    stop.dispose()
    expect(source.count).toBe(0)
    expect(source.send('SIGINT')).toBe(false)
    expect(stop.signal.aborted).toBe(false)
    {
      using scoped = abortOnSignals(undefined, source)
      expect(source.count).toBe(2)
      expect(scoped.signal.aborted).toBe(false)
    }
    expect(source.count).toBe(0)
    stop.dispose()
  })

  it('does not disturb another that listens', () => {
    const source = new FakeProcess()
    const [one, other] = [abortOnSignals(undefined, source), abortOnSignals(undefined, source)]
    one.dispose()
    source.send('SIGTERM')
    expect([one.received, other.received]).toEqual([undefined, 'SIGTERM'])
  })

  it('listens to nothing if one of the signals cannot be listened to', () => {
    const source = new FakeProcess()
    expect(() => abortOnSignals(['SIGTERM', 'SIGKILL'], source)).toThrow('EINVAL')
    expect(source.count).toBe(0)
  })

  it.each([['SIGINT'], [['int']], [[2]], [['SIGINT; rm']], [null]])('refuses %j', (names) => {
    const source = new FakeProcess()
    // As a caller without types would.
    expect(() => Reflect.apply(abortOnSignals, undefined, [names, source])).toThrow(
      InvalidOptionError,
    )
    expect(source.count).toBe(0)
  })

  it('leaves the real process as it was', () => {
    const count = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')
    const before = count()
    const stop = abortOnSignals()
    expect(count()).toBe(before + 2)
    stop.dispose()
    expect(count()).toBe(before)
  })
})

describe('a process that uploads', { timeout: 30_000 }, () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('on %s cleans up, and exits with %i', async (name, expected) => {
    const server = await startServer()
    const { code, signal, stdout, stderr } = await runChild('signals', server, [], signaller(name))
    expect({ code, signal, stderr }).toEqual({ code: expected, signal: null, stderr: '' })
    expect(stdout).toBe(`ready\nfailed: AbortError,${name}\nsettled: absent\n`)
    expect(server.requests.of('AbortMultipartUpload')).toHaveLength(1)
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
    expect(server.storedBodies).toBe(0)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends at once on a second signal, %s, while it is cleaning up',
    async (second) => {
      const server = await startServer()
      const held = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
      const first = signaller('SIGINT')
      const { code, signal, stdout } = await runChild('signals', server, [], (output, child) => {
        first(output, child)
        if (held.hits === 0) held.reached(1).then(() => child.kill(second))
      })
      expect({ code, signal }).toEqual({ code: null, signal: second })
      expect(stdout).not.toContain('settled')
    },
  )

  it('ends at once when nobody listens any more', async () => {
    const server = await startServer()
    const send = signaller('SIGINT')
    const { code, signal, stdout } = await runChild('signals', server, ['dispose'], send)
    expect({ code, signal, stdout }).toEqual({ code: null, signal: 'SIGINT', stdout: 'ready\n' })
    // What nobody could clean up is there still.
    expect(server.uploads.list()).toHaveLength(1)
  })
})

/** Sends a signal once the child is ready for it. */
function signaller(name: NodeJS.Signals) {
  let isSent = false
  return (stdout: string, child: ChildProcess) => {
    if (isSent || !stdout.includes('ready\n')) return
    isSent = true
    child.kill(name)
  }
}
