/** A stream whose signal is aborted already fails in time, and never without a listener. */
import { Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { abortedBefore } from '../src/aborted-before.js'
import { createParallelGzip } from '../src/parallel-gzip.js'
import { createOssRotatingWriteStream } from '../src/rotating-write-stream.js'
import { createOssWriteStream } from '../src/write-stream.js'
import { openStream } from './helpers/open-stream.js'
import { KEYS } from './helpers/test-client.js'

const REASON = new Error('too late')

/** A Writable with the options, and what was written to it. */
function open(signal: AbortSignal) {
  const written: string[] = []
  const write = (chunk: Buffer, _encoding: string, callback: () => void) => {
    written.push(String(chunk))
    callback()
  }
  return { written, out: new Writable({ ...abortedBefore(signal), write }) }
}

describe('a stream whose signal is aborted already', () => {
  it('fails with the reason before its first write', async () => {
    const { written, out } = open(AbortSignal.abort(REASON))
    out.end('a')
    await expect(finished(out)).rejects.toBe(REASON)
    expect(written).toEqual([])
  })

  it.each([null, 0, ''])('fails also without a reason (%j)', async (reason) => {
    await expect(finished(open(AbortSignal.abort(reason)).out)).rejects.toThrow('aborted')
  })

  it('that is destroyed in the same breath fails with that', async () => {
    const { out } = open(AbortSignal.abort(REASON))
    const other = new Error('something else')
    out.destroy(other)
    await expect(finished(out)).rejects.toBe(other)
  })

  it('is as any other if the signal is not', async () => {
    const { written, out } = open(new AbortController().signal)
    await pipeline(Readable.from(['a']), out)
    expect(written).toEqual(['a'])
  })

  // What nobody hears ends the process: vitest fails of that.
  const base = { region: 'cn-hangzhou', credentials: KEYS, env: {} }
  it.each<[string, (signal: AbortSignal) => Writable]>([
    ['an upload', (signal) => createOssWriteStream('oss://bucket/key', { ...base, signal })],
    [
      'a stream of objects',
      (signal) =>
        createOssRotatingWriteStream({
          ...{ ...base, signal, bucket: 'bucket', maxObjectBytes: 1 },
          key: (n) => `log/${n}`,
        }),
    ],
    ['a parallel gzip', (signal) => createParallelGzip({ signal })],
  ])('%s fails a pipeline with the reason, and destroys its source', async (_what, create) => {
    const source = Readable.from(['a', 'b'])
    const out = create(AbortSignal.abort(REASON))
    await expect(pipeline(source, out)).rejects.toBe(REASON)
    expect(source.destroyed).toBe(true)
  })

  it('rejects skipStored(), and nothing is asked for', async () => {
    const { server, out } = await openStream({ signal: AbortSignal.abort(REASON) })
    await expect(out.skipStored()).rejects.toBe(REASON)
    expect([...server.requests]).toEqual([])
    expect(out.outcome).toBe('absent')
  })
})
