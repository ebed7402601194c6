/** A wire that damages: a TCP proxy in front of a server, which flips one bit of one request's body. */
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { startTcpServer } from './http-server.js'

const END_OF_HEAD = '\r\n\r\n'

export interface Damage {
  /** Address of the proxy. */
  readonly endpoint: string
  /** Bodies damaged so far. */
  readonly count: number
}

/** Damages the bodies of the first `times` requests whose head matches `which`. */
export async function damagingProxy(port: number, which: RegExp, times = 1): Promise<Damage> {
  let count = 0
  const proxy = await startTcpServer((socket) => {
    const upstream = connect(port, '127.0.0.1')
    let head = ''
    let isAwaitingBody = false
    socket.on('data', (data) => {
      const bytes = Buffer.from(data)
      let body = 0
      if (!isAwaitingBody) {
        // Heads begin a chunk, because a client waits for an answer before it sends the next one.
        if (head !== '' || /^[A-Z]+ \//.test(bytes.toString('latin1', 0, 16))) {
          head += bytes.toString('latin1')
        }
        const end = head.indexOf(END_OF_HEAD)
        if (end !== -1) {
          isAwaitingBody = which.test(head.slice(0, end)) && count < times
          body = bytes.length - (head.length - end - END_OF_HEAD.length)
          head = ''
        }
      }
      const damaged = bytes[body]
      if (isAwaitingBody && damaged !== undefined) {
        bytes[body] = damaged ^ 1
        isAwaitingBody = false
        count += 1
      }
      upstream.write(bytes)
    })
    upstream.on('data', (data) => socket.write(data))
    upstream.on('error', () => socket.destroy())
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
  })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return {
    endpoint: proxy.origin,
    get count() {
      return count
    },
  }
}
