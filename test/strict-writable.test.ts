/** What a chunk of a wrong type does to the streams that pass bytes on, and what every other one does. */
import { once } from 'node:events'
import { PassThrough, type Transform, type Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createDigestTap } from '../src/digest-tap.js'
import { createParallelGzip } from '../src/parallel-gzip.js'
import { createRateLimit } from '../src/rate-limit.js'
import { StrictTransform, StrictWritable } from '../src/strict-writable.js'

it.each<[string, () => Transform]>([
  ['a digest tap', () => createDigestTap()],
  ['a rate limit', () => createRateLimit({ maxBytesPerSecond: 1000 })],
  ['a parallel gzip', () => createParallelGzip()],
])('%s ends with it, and passes no bytes on without the chunk', async (_name, create) => {
  const stream = create()
  const errored = once(stream, 'error')
  const out = stream.pipe(new PassThrough())
  stream.write('before')
  expect(() => stream.write(5)).toThrow(TypeError)
  expect(await errored).toMatchObject([{ code: 'ERR_INVALID_ARG_TYPE' }])
  expect([stream.destroyed, out.writableEnded]).toEqual([true, false])
})

type Taken = (bytes: string) => void

describe.each<[string, (taken: Taken) => Writable]>([
  [
    'a Writable',
    (taken) =>
      new StrictWritable({
        write(chunk: Buffer, _encoding, callback) {
          taken(chunk.toString())
          callback()
        },
      }),
  ],
  [
    'a Transform',
    (taken) =>
      new StrictTransform({
        transform(chunk: Buffer, _encoding, callback) {
          taken(chunk.toString())
          callback()
        },
      }),
  ],
])('%s', (_name, create) => {
  it('takes a chunk with or without an encoding and a callback, as Node does', async () => {
    const taken: string[] = []
    const stream: StrictWritable | StrictTransform = create((bytes) => taken.push(bytes))
    await new Promise((resolve) => stream.write('one', resolve))
    await new Promise((resolve) => stream.write('two', undefined, resolve))
    await new Promise((resolve) => stream.write('7468726565', 'hex', resolve))
    stream.write('Zm91cg==', 'base64')
    stream.write(Buffer.from('five'))
    expect(taken).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  it('is destroyed by a chunk of a wrong type, with the error that is thrown', async () => {
    const stream = create(() => {})
    const errored = once(stream, 'error')
    let thrown: unknown
    try {
      stream.write(5)
    } catch (error) {
      thrown = error
    }
    expect(await errored).toEqual([thrown])
    expect(stream.destroyed).toBe(true)
  })
})
