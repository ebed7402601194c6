import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../src/errors.js'
import * as face from '../src/index.js'
import { createOssServer } from '../src/server/server.js'
import { nearestName, refuseUnknown } from '../src/unknown-option.js'

const known = ['partSize', 'concurrency', 'region', 'internal']

describe('refuseUnknown', () => {
  it.each([
    ['partsize', 'partSize'],
    ['partSiz', 'partSize'],
    ['concurency', 'concurrency'],
    ['regions', 'region'],
    ['bananas', undefined],
    ['', undefined],
  ])('takes `%s` for %s', (name, meant) => {
    expect(nearestName(name, known)).toBe(meant)
  })

  it('names the option, its owner and the nearest name', () => {
    const refuse = () => refuseUnknown({ region: 1, partSizes: 2 }, known, 'OssClient')
    expect(refuse).toThrow(InvalidOptionError)
    expect(refuse).toThrow('Unknown option `partSizes` of OssClient; did you mean `partSize`?')
  })

  it('accepts what is known, also if it is undefined', () => {
    expect(() => refuseUnknown({ region: undefined }, known, 'OssClient')).not.toThrow()
  })
})

describe('the error of an unknown option', () => {
  const TARGET = 'oss://bucket/key'
  const FILE = fileURLToPath(import.meta.url)
  const wrong: Record<string, unknown> = { nonsense: 1 }
  const placed: object = { bucket: 'bucket', key: 'key', ...wrong }

  const calls: [name: string, (...args: never[]) => unknown, ...args: unknown[]][] = [
    ['createOssWriteStream', face.createOssWriteStream, TARGET, wrong],
    ['createOssWriteStream', face.createOssWriteStream, placed],
    ['createOssWritableStream', face.createOssWritableStream, TARGET, wrong],
    ['createOssWritableStream', face.createOssWritableStream, placed],
    ['createOssRotatingWriteStream', face.createOssRotatingWriteStream, wrong],
    ['createOssReadStream', face.createOssReadStream, TARGET, wrong],
    ['createOssReadStream', face.createOssReadStream, placed],
    ['uploadFile', face.uploadFile, FILE, TARGET, wrong],
    ['uploadFile', face.uploadFile, FILE, placed],
    ['uploadToOss', face.uploadToOss, 'text', TARGET, wrong],
    ['uploadToOss', face.uploadToOss, 'text', placed],
    ['createTee', face.createTee, [], wrong],
    ['createDigestTap', face.createDigestTap, wrong],
    ['createRateLimit', face.createRateLimit, wrong],
    ['createParallelGzip', face.createParallelGzip, wrong],
    ['fileCheckpoint', face.fileCheckpoint, 'path', wrong],
    ['createOssServer', createOssServer, wrong],
  ]
  const others = ['createFileSource']

  it.each(calls)('names %s(), which was called', async (name, call, ...args) => {
    const outcome = (async () => Reflect.apply(call, undefined, args))()
    await expect(outcome).rejects.toThrow(
      new InvalidOptionError('nonsense', `Unknown option \`nonsense\` of ${name}()`),
    )
  })

  it('is tried with every function that takes options', () => {
    const makers = Object.keys(face).filter((name) => /^(create|upload)/.test(name))
    const tried = new Set(calls.map(([name]) => name))
    expect(makers.filter((name) => !tried.has(name))).toEqual(others)
  })

  const client = new face.OssClient({
    region: 'cn-hangzhou',
    bucket: 'bucket',
    credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
    env: {},
  })
  const without = ['constructor', 'urlOf', 'perform', 'close']
  const methods = Object.getOwnPropertyNames(face.OssClient.prototype)

  it.each(methods.filter((name) => !without.includes(name)))('names %s()', async (name) => {
    const call: unknown = Reflect.get(client, name)
    if (typeof call !== 'function') throw new Error(`${name} is no method`)
    const answer: unknown = Reflect.apply(call, client, [wrong])
    const isGenerator = typeof answer === 'object' && answer !== null && 'next' in answer
    const outcome = isGenerator ? (answer as AsyncGenerator).next() : answer
    await expect(outcome).rejects.toThrow(`Unknown option \`nonsense\` of ${name}()`)
  })
})
