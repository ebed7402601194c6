/** Options of a read stream: what is refused, synchronously, and what the rest comes to. */
import { describe, expect, it } from 'vitest'
import { resolveReadOptions } from '../src/resolve-read-options.js'

const MIB = 1024 ** 2
const ACCOUNT = {
  region: 'cn-hangzhou',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
  env: {},
}

function resolve(options: object) {
  return resolveReadOptions('oss://bucket/key', { ...ACCOUNT, ...options })
}

describe('an option of a read stream', () => {
  it.each<[object, string]>([
    [{ start: -1 }, 'Expected `start` to be an integer from 0'],
    [{ start: 1.5 }, 'Expected `start` to be an integer from 0'],
    [{ start: Number.POSITIVE_INFINITY }, 'Expected `start` to be an integer from 0'],
    [{ start: Number.MAX_SAFE_INTEGER }, 'Expected `start` to be an integer from 0'],
    [{ start: '0' }, 'Expected `start` to be an integer from 0'],
    [{ end: -1 }, 'Expected `end` to be an integer from 0'],
    [{ end: Number.NaN }, 'Expected `end` to be an integer from 0'],
    [{ end: Number.MAX_SAFE_INTEGER }, 'Expected `end` to be an integer from 0'],
    [{ start: 5, end: 4 }, 'Expected `end` to be at least `start`, which is 5, got `4`'],
    [{ partSize: 1023 }, 'Expected `partSize` to be an integer from 1024'],
    [{ maxMemory: 1023 }, 'Expected `maxMemory` to be an integer from 1024'],
    [
      { partSize: 2 * MIB, maxMemory: MIB },
      'Expected `maxMemory` to be at least `partSize`, which is 2097152 (bytes), got `1048576`',
    ],
    [{ concurrency: 0 }, 'Expected `concurrency` to be an integer from 1 to 1000'],
    [{ ifMatch: '' }, 'Expected `ifMatch` to be a string of printable ASCII'],
    [{ versionId: 'a b' }, 'Expected `versionId` to be a string of printable ASCII'],
    [{ verify: 'yes' }, 'Expected `verify` to be'],
    [{ highWaterMark: -1 }, 'Expected `highWaterMark` to be an integer from 0'],
    [{ onProgress: 1 }, 'Expected `onProgress` to be a function'],
    [{ encoding: 'utf8' }, 'encoding'],
  ])('is refused: %j', (options, message) => {
    expect(() => resolve(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_OSS_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    )
  })

  it.each([
    [{}, 8 * MIB, 64 * MIB],
    [{ partSize: 32 * MIB }, 32 * MIB, 160 * MIB],
    [{ maxMemory: 10 * MIB }, 2 * MIB, 10 * MIB],
    [{ maxMemory: 1024 }, 1024, 1024],
    [{ maxMemory: MIB, partSize: MIB }, MIB, MIB],
    [{ concurrency: 16 }, 8 * MIB, 136 * MIB],
  ])('sizes follow one another: %j', (options, partSize, maxMemory) => {
    expect(resolve(options).download).toMatchObject({ partSize, maxMemory })
  })

  it.each([
    [{}, 0, Number.MAX_SAFE_INTEGER],
    [{ end: Number.POSITIVE_INFINITY }, 0, Number.MAX_SAFE_INTEGER],
    [{ start: 3, end: 3 }, 3, 4],
    [{ start: Number.MAX_SAFE_INTEGER - 1 }, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER],
  ])('a range is inclusive: %j', (options, start, end) => {
    expect(resolve(options).download.wanted).toEqual({ start, end })
  })
})
