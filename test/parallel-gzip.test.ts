/** gzip on all cores: any reader takes it, whatever the chunks; bounded, in order, and gone when destroyed. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Compress,
  createParallelGzip,
  ParallelGzip,
  type ParallelGzipOptions,
} from '../src/parallel-gzip.js'
import { bytes } from './helpers/new-upload.js'

const KIB = 1024
const BLOCK = 64 * KIB
/** Text and noise, two and a half blocks of each. */
const INPUT = Buffer.concat([Buffer.alloc(2.5 * BLOCK, 'INSERT INTO t;\n'), bytes(2.5 * BLOCK)])

/** Cuts `input` into chunks of the sizes given, again and again. */
function* cut(input: Buffer, sizes: readonly number[]) {
  for (let start = 0, index = 0; start < input.byteLength; index++) {
    const size = sizes[index % sizes.length] ?? input.byteLength
    yield input.subarray(start, start + size)
    start += size
  }
}

async function compressed(
  input: Buffer,
  options: ParallelGzipOptions = {},
  sizes: readonly number[] = [10_000],
): Promise<Buffer> {
  const gzip = createParallelGzip({ blockSize: BLOCK, concurrency: 2, ...options })
  const [output] = await Promise.all([
    buffer(gzip),
    pipeline(Readable.from(cut(input, sizes), { objectMode: false }), gzip),
  ])
  return output
}

/** A compressor that works when it is told to: `finish(n)` ends the n-th call. */
function heldCompressor() {
  const calls: { block: Uint8Array; done: (error?: Error) => void }[] = []
  const compress: Compress = (block, callback) => {
    const text = Buffer.from(block)
    calls.push({ block, done: (error) => callback(error ?? null, text) })
  }
  return { calls, compress, finish: (call: number, error?: Error) => calls[call]?.done(error) }
}

describe('what it writes', () => {
  const COMMANDS: readonly (readonly string[])[] = [
    ['gzip', '-dc'],
    ['gunzip', '-c'],
    ['zcat'],
    ['pigz', '-dc'],
    [
      'python3',
      '-c',
      'import gzip,sys;sys.stdout.buffer.write(gzip.open(sys.stdin.buffer).read())',
    ],
  ]
  const hasCommand = ([name = '']: readonly string[]) => spawnSync(name, ['--version']).status === 0
  const found = COMMANDS.filter(hasCommand).map((command) => command.slice(0, 2).join(' '))

  it('is read back by gunzipSync', async () => {
    expect(gunzipSync(await compressed(INPUT)).equals(INPUT)).toBe(true)
  })

  it('is read back by createGunzip, as it comes', async () => {
    const gzip = createParallelGzip({ blockSize: BLOCK, concurrency: 2 })
    const gunzip = createGunzip()
    const [output] = await Promise.all([
      buffer(gunzip),
      pipeline(Readable.from(cut(INPUT, [7777]), { objectMode: false }), gzip, gunzip),
    ])
    expect(output.equals(INPUT)).toBe(true)
  })

  it.each(found)('is read back by the command `%s`', async (name) => {
    const [command = '', ...args] = COMMANDS.find((each) => each.join(' ').startsWith(name)) ?? []
    const input = await compressed(INPUT)
    const { stdout, stderr, status } = spawnSync(command, args, { input, maxBuffer: 2 ** 24 })
    expect(String(stderr)).toBe('')
    expect(status).toBe(0)
    expect(stdout.equals(INPUT)).toBe(true)
  })

  it('is one valid empty member for no input', async () => {
    const output = await compressed(Buffer.alloc(0))
    expect(output.equals(gzipSync(''))).toBe(true)
    expect(output).toHaveLength(20)
  })

  it('has no empty member behind a full block', async () => {
    const output = await compressed(INPUT.subarray(0, 2 * BLOCK), { concurrency: 1 })
    const halves = [INPUT.subarray(0, BLOCK), INPUT.subarray(BLOCK, 2 * BLOCK)]
    expect(output.equals(Buffer.concat(halves.map((half) => gzipSync(half))))).toBe(true)
  })

  it('tells no time: the same input gives the same bytes', async () => {
    const output = await compressed(INPUT)
    expect(output.readUInt32LE(4)).toBe(0)
    expect(output.equals(await compressed(INPUT))).toBe(true)
  })

  it('is smaller with a higher level, and stored as it is with 0', async () => {
    const [stored, fast, small] = await Promise.all(
      [0, 1, 9].map(async (level) => (await compressed(INPUT, { level })).byteLength),
    )
    expect(stored).toBeGreaterThan(INPUT.byteLength)
    expect(fast).toBeLessThan(INPUT.byteLength)
    expect(small).toBeLessThan(fast ?? 0)
  })

  it('takes text, as every Writable does', async () => {
    const gzip = createParallelGzip()
    gzip.write('höhe ')
    gzip.end('68f6', 'hex')
    expect(gunzipSync(await buffer(gzip)).toString('latin1')).toBe('h\u00c3\u00b6he hö')
  })

  it('is within 2 % of one gzip stream at a block of 1 MiB', async () => {
    const rows = Array.from({ length: 60_000 }, (_, id) => `INSERT (${id}, ${(id * 7919) % 1e5})\n`)
    const text = Buffer.from(rows.join(''))
    const { byteLength } = await compressed(text, { blockSize: 1024 * KIB }, [65_536])
    expect(byteLength / gzipSync(text).byteLength).toBeLessThan(1.02)
  })

  it('is the input again and depends on nothing but it and the options, for any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 * BLOCK }),
        fc.array(fc.integer({ min: 1, max: 2 * BLOCK }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(BLOCK, BLOCK + 1, 100_003, 3 * BLOCK),
        fc.integer({ min: 1, max: 4 }),
        async (length, sizes, blockSize, concurrency) => {
          const input = INPUT.subarray(0, length)
          const options = { blockSize, level: 1 }
          const output = await compressed(input, { ...options, concurrency }, sizes)
          expect(gunzipSync(output).equals(input)).toBe(true)
          expect(output.equals(await compressed(input, options, [length + 1]))).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('blocks', () => {
  const sizes = { blockSize: 10, concurrency: 3 }

  it('come out in order, whichever is compressed first', async () => {
    const { compress, calls, finish } = heldCompressor()
    const gzip = new ParallelGzip(sizes, compress)
    const output = buffer(gzip)
    gzip.end('0123456789abcdefghijABCDEFGHIJxy')
    expect(calls).toHaveLength(3)
    for (const call of [2, 1]) finish(call)
    expect(calls).toHaveLength(3)
    finish(0)
    expect(calls).toHaveLength(4)
    finish(3)
    expect(String(await output)).toBe('0123456789abcdefghijABCDEFGHIJxy')
  })

  it('are at most `concurrency` + 1, and the writer waits for one', async () => {
    const { compress, calls, finish } = heldCompressor()
    const gzip = new ParallelGzip(sizes, compress)
    const output = buffer(gzip)
    let written = 0
    for (let index = 0; index < 9; index++) gzip.write('01234567', () => written++)
    gzip.end()
    await new Promise(setImmediate)
    // Three blocks of ten are being compressed, the fourth is full: the sixth chunk is not all taken.
    expect({ held: gzip.blocksHeld, calls: calls.length, written }).toEqual({
      held: 4,
      calls: 3,
      written: 5,
    })
    const buffers = new Set<ArrayBufferLike>()
    for (let call = 0; call < 8; call++) {
      finish(call)
      await new Promise(setImmediate)
      expect(gzip.blocksHeld).toBeLessThanOrEqual(4)
    }
    for (const { block } of calls) buffers.add(block.buffer)
    expect(String(await output)).toBe('01234567'.repeat(9))
    expect(buffers.size).toBeLessThanOrEqual(4)
    expect(gzip.blocksHeld).toBe(0)
  })

  it('wait for a reader: without one no more is taken than they hold', async () => {
    const gzip = createParallelGzip({ blockSize: BLOCK, concurrency: 2, level: 0 })
    let written = 0
    for (let index = 0; index < 40; index++) gzip.write(bytes(BLOCK), () => written++)
    while (gzip.readableLength === 0) await once(gzip, 'readable')
    // Until nothing moves any more: what the thread pool has in hand is at most two blocks.
    for (let before = -1; before !== written; ) {
      before = written
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    }
    // One member stands in the reader's buffer, over its mark; three blocks are held.
    expect(written).toBeLessThanOrEqual(5)
    gzip.end()
    expect(gunzipSync(await buffer(gzip))).toHaveLength(40 * BLOCK)
  })
})

describe('an ending', () => {
  const sizes = { blockSize: 10, concurrency: 2 }

  it('by an error of the compressor is told once, as `error`', async () => {
    const { compress, finish } = heldCompressor()
    const gzip = new ParallelGzip(sizes, compress)
    const failure = new Error('zlib: out of memory')
    const piping = pipeline(Readable.from([Buffer.alloc(50)]), gzip, async (output) => {
      for await (const _ of output) throw new Error('nothing may come out')
    })
    await new Promise(setImmediate)
    finish(1, failure)
    finish(0, new Error('a second one'))
    await expect(piping).rejects.toBe(failure)
    expect(gzip.blocksHeld).toBe(0)
  })

  it('by destroy() in the middle drops what is held; what is ready later goes nowhere', async () => {
    const { compress, calls, finish } = heldCompressor()
    const gzip = new ParallelGzip(sizes, compress)
    gzip.on('data', () => expect.unreachable())
    gzip.write(Buffer.alloc(45))
    expect([gzip.blocksHeld, calls.length]).toEqual([3, 2])
    gzip.destroy()
    expect(gzip.blocksHeld).toBe(0)
    finish(0)
    finish(1, new Error('nobody asks any more'))
    await once(gzip, 'close')
    expect(calls).toHaveLength(2)
  })

  it('by its signal is told with the reason given', async () => {
    const controller = new AbortController()
    const gzip = createParallelGzip({ signal: controller.signal })
    gzip.write('x')
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await once(gzip, 'error')).toEqual([reason])
    const late = createParallelGzip({ signal: controller.signal })
    expect(await once(late, 'error')).toEqual([reason])
  })

  it('of a source that breaks leaves half a stream and says so', async () => {
    const failure = new Error('the source broke')
    async function* broken() {
      yield bytes(3 * BLOCK)
      throw failure
    }
    const gzip = createParallelGzip({ blockSize: BLOCK })
    const output = buffer(gzip)
    await expect(pipeline(broken, gzip)).rejects.toBe(failure)
    await expect(output).rejects.toBeDefined()
  })
})

describe('the options', () => {
  it.each<[string, unknown, string]>([
    ['level', -1, '`level` to be an integer from 0 to 9, got `-1` (number)'],
    ['level', 10, '`level` to be an integer from 0 to 9'],
    ['level', 1.5, '`level` to be an integer from 0 to 9'],
    ['level', '6', '`level` to be an integer from 0 to 9'],
    ['blockSize', 65_535, '`blockSize` to be an integer from 65536 to 16777216 (bytes)'],
    ['blockSize', 16_777_217, '`blockSize` to be an integer from 65536 to 16777216 (bytes)'],
    ['concurrency', 0, '`concurrency` to be an integer from 1 to 1024'],
    ['concurrency', 1025, '`concurrency` to be an integer from 1 to 1024'],
    ['signal', {}, '`signal` to be an AbortSignal'],
    ['blocksize', 6, '`blocksize` of createParallelGzip(); did you mean `blockSize`?'],
  ])('refuse %s: %s', (name, value, text) => {
    expect(() => createParallelGzip({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'ERR_OSS_INVALID_OPTION',
        option: name,
        message: expect.stringContaining(text),
      }),
    )
  })

  it('must be an object', () => {
    expect(() => createParallelGzip(6 as ParallelGzipOptions)).toThrow('`options`')
  })
})
