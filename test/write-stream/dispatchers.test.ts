/** A caller's dispatcher that cannot call a request off: whatever it does, nobody waits for it. */
import { once } from 'node:events'
import { Agent, Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { startTcpServer } from '../helpers/http-server.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, openStream } from '../helpers/open-stream.js'
import { testClient } from '../helpers/test-client.js'

type Controller = Dispatcher.DispatchController
type Abort = (controller: Controller, options: Dispatcher.DispatchOptions) => Controller['abort']

const REASON = new Error('the reason')

const throwing: Abort = () => () => {
  throw new Error('not to be called off')
}
const throwingAfterwards: Abort = (controller) => (error) => {
  controller.abort(error)
  throw new Error('called off, and yet')
}
const deaf: Abort = () => () => {}

/** An agent whose requests are called off by `abort`. */
function dispatcherThat(abort: Abort): Dispatcher {
  const agent = new Agent()
  onTestFinished(() => agent.destroy())
  return agent.compose((dispatch) => (options, handler) => {
    const changed = (controller: Controller) =>
      new Proxy(controller, {
        get: (target, name) => {
          if (name === 'abort') return abort(controller, options)
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    return dispatch(options, {
      onRequestStart: (controller, context) =>
        handler.onRequestStart?.(changed(controller), context),
      onResponseStart: (controller, ...head) =>
        handler.onResponseStart?.(changed(controller), ...head),
      onResponseData: (controller, chunk) => handler.onResponseData?.(changed(controller), chunk),
      onResponseEnd: (controller, trailers) =>
        handler.onResponseEnd?.(changed(controller), trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(changed(controller), error),
    })
  })
}

/** Begins with its request when it is told to. */
class LateDispatcher extends Dispatcher {
  readonly asked = new Gate()
  #handler: Dispatcher.DispatchHandler | undefined

  override dispatch(_: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#handler = handler
    void this.asked.arrive()
    return true
  }

  begin(abort: Controller['abort']): void {
    const rest = { aborted: false, paused: false, reason: null, pause() {}, resume() {} }
    this.#handler?.onRequestStart?.({ ...rest, abort }, {})
  }
}

describe.each([
  ['throws', throwing],
  ['throws after it has done it', throwingAfterwards],
  ['does nothing, so that the request never settles', deaf],
])('a dispatcher whose abort() %s', (_, abort) => {
  it('does not keep a stream that is destroyed during parts from cleaning up', async () => {
    const { server, out } = await openStream({ dispatcher: dispatcherThat(abort) })
    const held = server.faults.add({ operation: 'UploadPart', times: 2 }, { hold: 'arrival' })
    out.write(bytes(2.5 * PART))
    await held.reached(2)
    out.destroy(REASON)
    expect(await ending(out)).toBe(REASON)
    await out.settled
    expect([out.outcome, out.abortError]).toEqual(['absent', undefined])
    held.release()
    expect(server.uploads.list()).toEqual([])
  })

  it('does not keep a stream that is destroyed during a Put from settling', async () => {
    const { server, out } = await openStream({ dispatcher: dispatcherThat(abort) })
    const held = server.faults.add({ operation: 'PutObject' }, { hold: 'arrival' })
    out.end('small')
    await held.reached()
    out.destroy(REASON)
    expect(await ending(out)).toBe(REASON)
    await out.settled
    expect(out.outcome).toBe('unknown')
  })

  it('does not keep requests from running out of time', async () => {
    const received = new Gate()
    await using server = await startTcpServer((socket) => {
      socket.once('data', () => received.arrive())
    })
    const clock = new FakeClock()
    const dispatcher = dispatcherThat(abort)
    const { client } = testClient(server.origin, { clock, dispatcher, retry: { maxAttempts: 1 } })
    const refused = ['one', 'two', 'three'].map((key) =>
      expect(client.putObject({ key, body: 'small' })).rejects.toMatchObject({ kind: 'timeout' }),
    )
    await received.reached(refused.length)
    await clock.breathe()
    await clock.advance(60_000)
    await Promise.all(refused)
    expect(clock.pending).toBe(0)
  })
})

it.each([
  ['calls it off', () => {}],
  [
    'throws at that',
    () => {
      throw new Error('not to be called off')
    },
  ],
])('a dispatcher that begins with a request that has been given up %s', async (_, abort) => {
  const late = new LateDispatcher()
  const { client } = testClient('http://127.0.0.1:1', { dispatcher: late })
  const giveUp = new AbortController()
  const put = client.putObject({ key: 'one', body: 'small', signal: giveUp.signal })
  await late.asked.reached()
  giveUp.abort(REASON)
  await expect(put).rejects.toBe(REASON)
  const aborted = vi.fn(abort)
  expect(() => late.begin(aborted)).not.toThrow()
  expect(aborted).toHaveBeenCalledOnce()
})

it('what abort() throws is a process warning, without what the request was signed with', async () => {
  let authorization = 'none'
  const dispatcher = dispatcherThat((_, { headers }) => () => {
    authorization = String(Reflect.get(headers ?? {}, 'authorization'))
    throw new Error(`never: ${authorization}`)
  })
  const { server, out } = await openStream({ dispatcher })
  const held = server.faults.add({ operation: 'PutObject' }, { hold: 'arrival' })
  out.end('small')
  await held.reached()
  const warned = once(process, 'warning')
  out.destroy()
  await out.settled
  const [warning] = await warned
  expect(warning).toMatchObject({ name: 'OssDispatcherWarning', code: 'OSS_DISPATCHER' })
  expect(warning.message).toContain('The dispatcher could not call a request off: never: ')
  const signature = authorization.split('Signature=')[1]
  expect(signature).toBeDefined()
  expect(warning.message).not.toContain(signature)
})

it('what abort() throws is told once for each dispatcher, however many requests', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
  onTestFinished(() => warn.mockRestore())
  const throws = vi.fn(() => {
    throw new Error('not to be called off')
  })
  for (const dispatcher of [new LateDispatcher(), new LateDispatcher()]) {
    const { client } = testClient('http://127.0.0.1:1', { dispatcher })
    for (const n of [1, 2, 3]) {
      const giveUp = new AbortController()
      const put = client.putObject({ key: 'one', body: 'small', signal: giveUp.signal })
      await dispatcher.asked.reached(n)
      giveUp.abort(REASON)
      await expect(put).rejects.toBe(REASON)
      dispatcher.begin(throws)
    }
  }
  expect(throws).toHaveBeenCalledTimes(6)
  expect(warn.mock.calls).toHaveLength(2)
})
