/** One source for several sinks, through the embedded server and real files. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { UploadSummary } from '../src/publish-guard.js'
import { createTee, type TeeOptions, type TeeSink } from '../src/tee.js'
import { createOssWriteStream } from '../src/write-stream.js'
import { Gate } from './helpers/gate.js'
import { bytes, PART } from './helpers/new-upload.js'
import { streamOptions } from './helpers/open-stream.js'
import { startServer } from './helpers/start-server.js'

const CONTENT = bytes(3 * PART + 7)
const failure = new Error('the source broke')

async function open() {
  const server = await startServer({ buckets: ['bucket-a', 'bucket-b'] })
  return {
    server,
    upload: (bucket: 'a' | 'b', options = {}) =>
      createOssWriteStream(`oss://bucket-${bucket}/key`, streamOptions(server, options)),
    content: async (bucket: 'a' | 'b') => server.objects.get(`bucket-${bucket}`, 'key')?.content(),
    expectNothing() {
      expect(server.objects.list()).toEqual([])
      expect(server.uploads.list()).toEqual([])
    },
  }
}

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-tee-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'copy')
}

/** Keeps what it gets, by reference, and calls back when its gate is open. */
function slowSink(gate: Gate) {
  const seen: Buffer[] = []
  const sink = new Writable({
    write(chunk, _encoding, callback) {
      seen.push(chunk)
      gate.arrive().then(() => callback(), callback)
    },
  })
  return { sink, seen }
}

const failing = (error: Error) =>
  new Writable({
    write(_chunk, _encoding, callback) {
      callback(error)
    },
  })

const ending = (error: Error) =>
  new Writable({
    write(_chunk, _encoding, callback) {
      callback()
    },
    final(callback) {
      callback(error)
    },
  })

describe('a tee', () => {
  it('gives all bytes to two buckets and a file, with a result for each', async () => {
    const { upload, content } = await open()
    const path = await temporary()
    const tee = createTee({
      first: upload('a'),
      second: upload('b'),
      file: createWriteStream(path),
    })
    await pipeline(Readable.from([CONTENT.subarray(0, 9), CONTENT.subarray(9)]), tee)
    for (const copy of [await content('a'), await content('b'), await readFile(path)]) {
      expect(copy?.equals(CONTENT)).toBe(true)
    }
    expect(tee.results).toMatchObject([
      { name: 'first', status: 'fulfilled', value: { bucket: 'bucket-a', size: CONTENT.length } },
      { name: 'second', status: 'fulfilled', value: { bucket: 'bucket-b', size: CONTENT.length } },
      { name: 'file', status: 'fulfilled', value: undefined },
    ])
    expect(await tee.completed).toBe(tee.results)
    await tee.settled
  })

  it('finishes when all have finished, not earlier', async () => {
    const { server, upload } = await open()
    const held = server.faults.add(
      { bucket: 'bucket-b', operation: 'PutObject' },
      { hold: 'arrival' },
    )
    const first = upload('a')
    const tee = createTee([first, upload('b')])
    let finished = false
    tee.once('finish', () => {
      finished = true
    })
    tee.end('text')
    await Promise.all([first.completed, held.reached()])
    expect([finished, tee.results]).toEqual([false, undefined])
    held.release()
    expect(await tee.completed).toMatchObject([{ name: '0' }, { name: '1' }])
    expect(finished).toBe(true)
  })

  it('takes the next chunk when the slowest has taken this one, which may be overwritten then', async () => {
    const gates = [new Gate(), new Gate()] as const
    const [first, second] = gates.map(slowSink)
    const tee = createTee([first, second].map((each) => each?.sink as Writable))
    const chunk = Buffer.from('one')
    let taken = 0
    tee.write(chunk, () => taken++)
    tee.write('two', () => taken++)
    gates[0].open()
    await gates[1].reached()
    await new Promise(setImmediate)
    expect([taken, String(first?.seen), String(second?.seen)]).toEqual([0, 'one', 'one'])
    gates[1].open()
    tee.end()
    await tee.completed
    expect([taken, String(first?.seen), String(second?.seen)]).toEqual([2, 'one,two', 'one,two'])
  })

  it('tells the source to wait', () => {
    const tee = createTee([slowSink(new Gate()).sink], { highWaterMark: 3 })
    expect(tee.write('ab')).toBe(true)
    expect(tee.write('c')).toBe(false)
  })

  it('may hold another tee', async () => {
    const { upload, content } = await open()
    await pipeline(Readable.from([CONTENT]), createTee([createTee([upload('a')]), upload('b')]))
    expect((await content('a'))?.equals(CONTENT)).toBe(true)
  })

  it('fails if its source has given nothing when the process has nothing left to do', async () => {
    const { upload, expectNothing } = await open()
    const tee = createTee([createTee([upload('a')]), new PassThrough()])
    tee.on('error', () => undefined)
    new PassThrough().pipe(tee)
    process.emit('beforeExit', 0)
    await expect(tee.completed).rejects.toThrow('nothing left to do before oss://bucket-a/key')
    expectNothing()
  })

  it('takes no chunk of a wrong type', async () => {
    const { upload, expectNothing } = await open()
    const tee = createTee([upload('a')])
    tee.on('error', () => undefined)
    expect(() => tee.write(5 as unknown as string)).toThrow(TypeError)
    await tee.settled
    expectNothing()
  })
})

describe('a source that fails', () => {
  it('publishes nothing anywhere, and `settled` tells when all is cleaned up', async () => {
    const { server, upload, expectNothing } = await open()
    const held = server.faults.add(
      { bucket: 'bucket-b', operation: 'AbortMultipartUpload' },
      { hold: 'arrival' },
    )
    const tee = createTee([upload('a'), upload('b')])
    async function* broken() {
      yield CONTENT
      throw failure
    }
    // Up to Node 20 the pipeline rejects before the tee has cleaned up, later ones wait for it.
    const failing = expect(pipeline(Readable.from(broken()), tee)).rejects.toBe(failure)
    await held.reached()
    held.release()
    await Promise.all([failing, tee.settled])
    expectNothing()
    expect(tee.results).toMatchObject([
      { status: 'rejected', reason: failure, outcome: 'absent' },
      { status: 'rejected', reason: failure, outcome: 'absent' },
    ])
    await expect(tee.completed).rejects.toBe(failure)
  })

  it('or is destroyed without a reason is told as such', async () => {
    const { upload, expectNothing } = await open()
    const tee = createTee([upload('a'), new PassThrough()])
    tee.write('a')
    tee.destroy()
    await expect(tee.completed).rejects.toMatchObject({ code: 'ERR_OSS_DESTROYED' })
    expect(tee.results?.[1]).toMatchObject({ reason: { code: 'ERR_STREAM_PREMATURE_CLOSE' } })
    expectNothing()
  })
})

describe('a tee that is destroyed', () => {
  it("tells of no sink that had failed, with 'survivors' either", async () => {
    const { upload } = await open()
    const tee = createTee([upload('a'), new PassThrough()], { onFailure: 'survivors' })
    const told: unknown[] = []
    tee.on('sinkError', (result) => told.push(result))
    tee.on('error', () => undefined)
    tee.write('a')
    tee.destroy(failure)
    await expect(tee.completed).rejects.toBe(failure)
    expect(told).toEqual([])
    expect(tee.results).toMatchObject([{ reason: failure }, { reason: failure }])
  })

  it('when its last sink has just finished fails with an Error all the same', async () => {
    const sink = new PassThrough().resume()
    const tee = createTee([sink])
    sink.on('finish', () => tee.destroy())
    tee.end('a')
    await expect(tee.completed).rejects.toMatchObject({
      message: 'The tee was destroyed before it had finished',
    })
    expect(tee.results).toMatchObject([{ status: 'fulfilled' }])
  })
})

describe("with 'all', a sink that fails", () => {
  it('is the failure of the tee, and the others publish nothing', async () => {
    const { server, upload, expectNothing } = await open()
    server.faults.add(
      { bucket: 'bucket-b', operation: 'UploadPart' },
      { status: 403, code: 'AccessDenied' },
    )
    const tee = createTee({ a: upload('a'), b: upload('b') })
    function* endless() {
      for (;;) yield CONTENT
    }
    const error = await pipeline(Readable.from(endless()), tee).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      bucket: 'bucket-b',
      ossCode: 'AccessDenied',
    })
    expectNothing()
    expect(tee.results).toMatchObject([
      { name: 'a', status: 'rejected', reason: error, outcome: 'absent' },
      { name: 'b', status: 'rejected', reason: error, outcome: 'absent' },
    ])
  })

  it('does so before anything was written', async () => {
    const { upload, expectNothing } = await open()
    const broken = new PassThrough()
    const tee = createTee([upload('a'), broken])
    broken.destroy(failure)
    expect(await once(tee, 'close').catch((error: unknown) => error)).toBe(failure)
    expectNothing()
  })

  it('cannot take back what is published already, and says so', async () => {
    const { server, upload } = await open()
    const held = server.faults.add(
      { bucket: 'bucket-b', operation: 'PutObject' },
      { hold: 'arrival' },
    )
    server.faults.add(
      { bucket: 'bucket-b', operation: 'PutObject' },
      { status: 403, code: 'AccessDenied' },
    )
    const first = upload('a')
    const tee = createTee([first, upload('b')])
    const piping = expect(pipeline(Readable.from(['text']), tee)).rejects.toMatchObject({
      bucket: 'bucket-b',
    })
    await Promise.all([first.completed, held.reached()])
    held.release()
    await piping
    expect(tee.results).toMatchObject([
      { status: 'fulfilled', value: { bucket: 'bucket-a', size: 4 } },
      { status: 'rejected', outcome: 'absent' },
    ])
  })
})

describe('uploads that are published together', () => {
  it('are not published before the file is finished and all parts are stored', async () => {
    const { server, upload, content } = await open()
    const gate = new Gate()
    const file = new Writable({
      write: (_chunk, _encoding, callback) => callback(),
      final: (callback) => void gate.arrive().then(() => callback(), callback),
    })
    const tee = createTee({
      a: (together) => upload('a', together),
      b: (together) => upload('b', together),
      file,
    })
    tee.end(CONTENT)
    await gate.reached()
    while (server.requests.of('UploadPart').length < 8) await new Promise(setImmediate)
    expect(server.requests.of('CompleteMultipartUpload')).toEqual([])
    gate.open()
    await tee.completed
    for (const bucket of ['a', 'b'] as const)
      expect((await content(bucket))?.equals(CONTENT)).toBe(true)
  })

  it.each(['a', 'b'])('are not published if the last part of one fails (%s)', async (name) => {
    const bucket = `bucket-${name}`
    const { server, upload, expectNothing } = await open()
    server.faults.add(
      { bucket, operation: 'UploadPart', partNumber: 4 },
      { status: 403, code: 'AccessDenied' },
    )
    const tee = createTee([
      (together) => upload('a', together),
      (together) => upload('b', together),
    ])
    await expect(pipeline(Readable.from([CONTENT]), tee)).rejects.toMatchObject({
      bucket,
      partNumber: 4,
    })
    expect(server.requests.of('CompleteMultipartUpload')).toEqual([])
    expectNothing()
  })

  it('may have a guard of their own, which keeps all of them from being published', async () => {
    const { upload, expectNothing } = await open()
    const tee = createTee([
      (together) => upload('a', together),
      (together) =>
        upload('b', {
          async beforeComplete(summary: UploadSummary) {
            if (summary.size > PART) throw failure
            await together.beforeComplete(summary)
          },
        }),
    ])
    await expect(pipeline(Readable.from([CONTENT]), tee)).rejects.toBe(failure)
    await tee.settled
    expectNothing()
  })

  it("do not wait for one that has failed, with 'survivors'", async () => {
    const { upload, content } = await open()
    const sinks: TeeSink[] = [
      ending(failure),
      failing(failure),
      (together) => upload('a', together),
      (together) => upload('b', together),
    ]
    const tee = createTee(sinks, { onFailure: 'survivors' })
    await pipeline(Readable.from([CONTENT]), tee)
    for (const bucket of ['a', 'b'] as const)
      expect((await content(bucket))?.equals(CONTENT)).toBe(true)
  })
})

describe("with 'survivors', a sink that fails", () => {
  it('is told and left behind, and the others go on', async () => {
    const { server, upload, content } = await open()
    server.faults.add(
      { bucket: 'bucket-b', operation: 'UploadPart' },
      { status: 403, code: 'AccessDenied' },
    )
    const tee = createTee({ a: upload('a'), b: upload('b') }, { onFailure: 'survivors' })
    const told: unknown[] = []
    tee.on('sinkError', (result) => told.push(result))
    const rest = new Gate()
    async function* chunks() {
      yield CONTENT.subarray(0, 2 * PART)
      await rest.arrive()
      yield CONTENT.subarray(2 * PART)
    }
    const piping = pipeline(Readable.from(chunks()), tee)
    await once(tee, 'sinkError')
    rest.open()
    await piping
    expect((await content('a'))?.equals(CONTENT)).toBe(true)
    expect(server.uploads.list()).toEqual([])
    expect(tee.results).toMatchObject([
      { name: 'a', status: 'fulfilled', value: { size: CONTENT.length } },
      { name: 'b', status: 'rejected', reason: { ossCode: 'AccessDenied' }, outcome: 'absent' },
    ])
    expect(told).toEqual([tee.results?.[1]])
  })

  it('while it holds the chunk lets the others go on', async () => {
    const gate = new Gate()
    const { sink: other, seen } = slowSink(gate)
    const stuck = new Writable({ write: () => undefined })
    const tee = createTee([stuck, other], { onFailure: 'survivors' })
    gate.open()
    tee.write('a')
    tee.end('b')
    stuck.destroy(failure)
    await tee.completed
    expect(String(seen)).toBe('a,b')
  })

  it('and is the last one fails the tee, with the first failure', async () => {
    const tee = createTee([failing(failure), ending(new Error('second'))], {
      onFailure: 'survivors',
    })
    await expect(pipeline(Readable.from(['a']), tee)).rejects.toBe(failure)
    expect(tee.results).toMatchObject([{ reason: failure }, { reason: { message: 'second' } }])
  })

  it('makes a failure of a listener that throws', async () => {
    const thrown = new Error('of the listener')
    const { upload, expectNothing } = await open()
    const tee = createTee([failing(failure), upload('a')], { onFailure: 'survivors' })
    tee.on('sinkError', () => {
      throw thrown
    })
    await expect(pipeline(Readable.from(['a']), tee)).rejects.toBe(thrown)
    expectNothing()
  })
})

describe('a sink', () => {
  it('that somebody else ends has failed: it lacks bytes', async () => {
    const sink = new PassThrough().resume()
    const tee = createTee([sink])
    sink.end('all')
    const error = await once(tee, 'close').catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      message: expect.stringContaining('Somebody else has ended the sink 0'),
    })
  })

  const ended = new PassThrough().end()
  const twice = new PassThrough()
  it.each<[string, unknown, string]>([
    ['none', [], 'sinks'],
    ['null', null, 'sinks'],
    ['a string', 'oss://b/k', 'sinks'],
    ['a stream instead of a list', new PassThrough(), 'sinks'],
    ['a number in a list', [1], 'sinks.0'],
    ['a Readable', { in: Readable.from([]) }, 'sinks.in'],
    ['one that has ended', { old: ended }, 'sinks.old'],
    ['one that was destroyed', [new PassThrough().destroy()], 'sinks.0'],
    ['a function that makes none', { none: () => undefined }, 'sinks.none'],
    ['the same twice', { one: twice, two: twice }, 'sinks.two'],
  ])('is not: %s', (_name, sinks, option) => {
    expect(() => createTee(sinks as TeeSink[])).toThrow(
      expect.objectContaining({ code: 'ERR_OSS_INVALID_OPTION', option }),
    )
  })

  it('that a function has made is destroyed if a later one cannot be made; a given one is not', () => {
    const made = new PassThrough()
    const given = new PassThrough()
    const create = () =>
      createTee([
        given,
        () => made,
        () => {
          throw failure
        },
      ])
    expect(create).toThrow(failure)
    expect([made.destroyed, given.destroyed]).toEqual([true, false])
  })
})

describe('options of a tee', () => {
  it.each<[object, string]>([
    [{ onfailure: 'all' }, 'Unknown option `onfailure` of createTee(); did you mean `onFailure`?'],
    [{ onFailure: 'some' }, "Expected `onFailure` to be 'all' or 'survivors', got `some` (string)"],
    [{ highWaterMark: -1 }, 'Expected `highWaterMark` to be an integer from 0'],
  ])('%j are refused', (options, message) => {
    expect(() => createTee([new PassThrough()], options as TeeOptions)).toThrow(message)
  })
})
