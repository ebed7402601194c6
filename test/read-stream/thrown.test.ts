/** A listener of `data` that throws: its error is the stream's, whatever brought the bytes. */
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TransportError } from '../../src/errors.js'
import { bytes } from '../helpers/new-upload.js'
import { openRead, RANGE } from '../helpers/open-read.js'

const MIB = 1024 * 1024

describe('a listener of data that throws', () => {
  it.each([
    ['at once, when the network brings the bytes', 0],
    ['after much has been handed over in one go', 3 * MIB],
  ])('%s, ends the stream with what it threw', async (_name, after) => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => {
      process.off('unhandledRejection', note)
    })
    const { source } = await openRead(bytes(5 * MIB), { partSize: MIB, concurrency: 5 })
    const thrown = new Error('not this one')
    if (after > 0) {
      source.read(0)
      while (source.progress.bytesReceived < 5 * MIB) await once(source, 'progress')
    }
    source.on('data', () => {
      if (source.bytesRead > after) throw thrown
    })
    const [error] = await once(source, 'error')
    await new Promise((resolve) => setImmediate(resolve))
    expect(error).toBe(thrown)
    expect(unhandled).toEqual([])
  })

  it('is not asked again for bytes that it has seen, be the error one of ours', async () => {
    const input = bytes(2 * RANGE)
    const { server, source } = await openRead(input, { end: 2 * RANGE - 2, concurrency: 1 })
    const thrown = new TransportError('interrupted', 'of another request')
    source.once('data', () => {
      throw thrown
    })
    const [error] = await once(source, 'error')
    expect(error).toBe(thrown)
    expect(server.requests.of('GetObject')).toHaveLength(1)
    expect(source.retries).toBe(0)
  })
})
