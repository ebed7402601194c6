/**
 * What the compiler says of listeners; `npm run types` checks the types here, vitest that the methods are there.
 *
 * That a wrong listener to an event of ours is an error takes an interface that overrides Node's `on()`. As an
 * intersection with Node's stream, the next overload would be Node's, which takes any listener to any name. `emit()`
 * cannot have it so strict: it would no longer be the `emit()` of a Writable.
 */
import { type EventEmitter, once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  createOssReadStream,
  createOssRotatingWriteStream,
  createOssWriteStream,
  createTee,
  type OpenedObject,
  type OssReadStream,
  type OssWriteStream,
  type TeeResult,
  type UploadError,
  type UploadedPart,
  type UploadResult,
  type WriteStreamEvents,
} from '../src/index.js'

const connection = {
  region: 'cn-hangzhou',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
}

const open = () => ({
  out: createOssWriteStream('oss://bucket/key', connection),
  input: createOssReadStream('oss://bucket/key', connection),
  tee: createTee([new Writable()]),
  rotating: createOssRotatingWriteStream({
    ...connection,
    bucket: 'bucket',
    key: (n) => `${n}`,
    maxObjectBytes: 1e6,
  }),
})

const METHODS = [
  'on',
  'once',
  'addListener',
  'prependListener',
  'prependOnceListener',
  'off',
  'removeListener',
] as const

describe.each(METHODS)('%s()', (method) => {
  it('knows what each event of ours tells', () => {
    const { out, input, tee, rotating } = open()
    const same = out[method]('part', (part) => expectTypeOf(part).toEqualTypeOf<UploadedPart>())
    expectTypeOf(same).toEqualTypeOf<OssWriteStream>()
    expect(same).toBe(out)
    out[method]('uploadId', (uploadId) => expectTypeOf(uploadId).toEqualTypeOf<string>())
    input[method]('open', (object) => expectTypeOf(object).toEqualTypeOf<OpenedObject>())
    tee[method]('sinkError', (sink) => expectTypeOf(sink).toExtend<TeeResult>())
    rotating[method]('object', (object) => expectTypeOf(object).toEqualTypeOf<UploadResult>())
  })

  it('knows what those of Node tell', () => {
    const { out, input } = open()
    out[method]('error', (error) => expectTypeOf(error).toEqualTypeOf<Error>())
    out[method]('pipe', (source) => expectTypeOf(source).toEqualTypeOf<Readable>())
    input[method]('error', (error) => expectTypeOf(error).toEqualTypeOf<Error>())
    // Not called: it would begin to read.
    const data = () => input[method]('data', (chunk) => expectTypeOf(chunk).toBeAny())
    expectTypeOf(data).returns.toEqualTypeOf<OssReadStream>()
    expectTypeOf(() => input[method]('data', (chunk: Buffer) => chunk)).toBeFunction()
  })

  it('takes no listener that expects anything else of an event of ours', () => {
    const { out, input, tee, rotating } = open()
    // @ts-expect-error: it is a number
    out[method]('part', (part: string) => part)
    // @ts-expect-error: it has no such field
    out[method]('progress', (progress: { percent: number }) => progress.percent)
    // @ts-expect-error: there is one argument
    out[method]('uploadId', (uploadId: string, key: string) => uploadId + key)
    // @ts-expect-error: it is an object
    input[method]('open', (size: number) => size)
    // @ts-expect-error: it is a result
    tee[method]('sinkError', (error: Error) => error)
    // @ts-expect-error: it is a result
    rotating[method]('object', (key: string) => key)
  })

  it('takes any listener that expects less, and those of other names', () => {
    const { out } = open()
    out[method]('part', () => {})
    out[method]('part', async ({ size }) => size)
    out[method]('part', console.log)
    out[method]('uploadId', (uploadId?: string) => uploadId)
    out[method]('error', (error: UploadError) => error.outcome)
    out[method]('error', (error: NodeJS.ErrnoException) => error.code)
    out[method]('custom', (name: string, size: number) => [name, size])
    out[method](Symbol('custom'), () => {})
    out[method]('part' as string, (part: UploadedPart) => part)
  })
})

it('a function that is generic over the events can listen and emit', () => {
  const told: unknown[] = []
  function listen<Name extends keyof WriteStreamEvents>(
    name: Name,
    listener: (...values: WriteStreamEvents[Name]) => void,
    ...values: WriteStreamEvents[Name]
  ): void {
    const stream = createOssWriteStream('oss://bucket/key', connection)
    stream.on(name, listener)
    stream.emit(name, ...values)
  }
  listen('uploadId', (uploadId) => told.push(uploadId), 'id')
  expect(told).toEqual(['id'])
})

it('the streams fit wherever those of Node do', () => {
  const { out, input, tee, rotating } = open()
  expectTypeOf(out).toExtend<Writable>()
  expectTypeOf(out).toExtend<NodeJS.WritableStream>()
  expectTypeOf(out).toExtend<EventEmitter>()
  expectTypeOf(input).toExtend<Readable>()
  expectTypeOf(input).toExtend<NodeJS.ReadableStream>()
  expectTypeOf(input).toExtend<AsyncIterable<unknown>>()
  expectTypeOf(tee).toExtend<Writable>()
  expectTypeOf(rotating).toExtend<Writable>()
  expectTypeOf(() => [
    pipeline(input, out),
    input.pipe(out),
    Writable.toWeb(out),
    Readable.toWeb(input),
    once(out, 'part'),
  ]).toBeFunction()
})
