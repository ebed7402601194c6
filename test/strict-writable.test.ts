/** What a chunk of a wrong type does to the streams that pass bytes on. */
import { once } from 'node:events'
import { PassThrough, type Transform } from 'node:stream'
import { expect, it } from 'vitest'
import { createDigestTap } from '../src/digest-tap.js'
import { createParallelGzip } from '../src/parallel-gzip.js'
import { createRateLimit } from '../src/rate-limit.js'

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
