/** `osspipe put` as a user runs it: what is stored, what is told, how it ends. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { osspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const TARGET = 'oss://bucket/key'
const MIB = 1024 * 1024

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'osspipe-put-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

const json = (stdout: Buffer): unknown => JSON.parse(stdout.toString())

describe('osspipe put', { timeout: 60_000 }, () => {
  it('stores standard input byte for byte, in parts', async () => {
    const server = await startServer()
    const bytes = randomBytes(3 * MIB + 1)
    const args = ['put', '--part-size', '1MiB', '--concurrency', '2', '-', TARGET]
    const { code, stdout, stderr } = await osspipe(server, args, { input: bytes })
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^stored oss:\/\/bucket\/key: 3\.00 MiB, 4 parts, /)
    expect((await server.objects.get('bucket', 'key')?.content())?.equals(bytes)).toBe(true)
    expect(server.requests.of('UploadPart')).toHaveLength(4)
    expect(server.requests.maxInFlight('UploadPart')).toBeLessThanOrEqual(2)
  })

  it.each([
    ['oss://…', [TARGET]],
    ['[options] oss://…', ['-q', TARGET]],
    ['put oss://…', ['put', TARGET]],
  ])('knows the short spelling %s', async (_name, args) => {
    const server = await startServer()
    expect(await osspipe(server, args, { input: 'hello' })).toMatchObject({ code: 0 })
    expect(await server.objects.get('bucket', 'key')?.content()).toEqual(Buffer.from('hello'))
  })

  it('stores a file, under its name where the key ends with a slash', async () => {
    const server = await startServer()
    const path = join(await folder(), 'a file')
    const bytes = randomBytes(300_000)
    await writeFile(path, bytes)
    const run = await osspipe(server, ['put', '-q', path, 'oss://bucket/folder/'])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect((await server.objects.get('bucket', 'folder/a file')?.content())?.equals(bytes)).toBe(
      true,
    )
  })

  it('stores an empty file', async () => {
    const server = await startServer()
    const path = join(await folder(), 'empty')
    await writeFile(path, '')
    const { code, stderr } = await osspipe(server, ['put', path, TARGET])
    expect({ code, size: server.objects.get('bucket', 'key')?.size }).toEqual({ code: 0, size: 0 })
    expect(stderr).toContain('nothing came from the source')
  })

  it('tells the result as one JSON object on stdout', async () => {
    const server = await startServer()
    const { code, stdout, stderr } = await osspipe(server, ['put', '--json', '-q', '-', TARGET], {
      input: 'hello',
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(json(stdout)).toEqual({
      bucket: 'bucket',
      key: 'key',
      url: `${server.url}/bucket/key`,
      size: 5,
      etag: createHash('md5').update('hello').digest('hex').toUpperCase(),
      crc64: server.objects.get('bucket', 'key')?.crc64,
      parts: 1,
      requestId: expect.any(String),
      durationMs: expect.any(Number),
      retries: 0,
      bytesPerSecond: expect.any(Number),
      verdict: {
        bound: expect.stringMatching(/^(source|network|memory|processor)$/),
        sourceWaitMs: expect.any(Number),
        networkWaitMs: expect.any(Number),
        memoryWaitMs: expect.any(Number),
        workMs: expect.any(Number),
      },
    })
  })

  it('prints the SHA-256 as sha256sum does', async () => {
    const server = await startServer()
    const { stdout } = await osspipe(server, ['put', '-q', '--sha256', '-', TARGET], {
      input: 'hello',
    })
    const sha256 = createHash('sha256').update('hello').digest('hex')
    expect(stdout.toString()).toBe(`${sha256}  ${TARGET}\n`)
    expect(server.objects.get('bucket', 'key')?.meta).toMatchObject({ 'osspipe-sha256': sha256 })
  })

  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const)('compresses with %s', async (method, decompress) => {
    const server = await startServer()
    const text = 'a line of a dump\n'.repeat(50_000)
    const args = ['put', '-z', method, '--json', '--expect-trailer', 'dump\n', '--min-size', '800k']
    const { code, stdout } = await osspipe(server, [...args, '-', TARGET], { input: text })
    expect(code).toBe(0)
    expect(json(stdout)).toMatchObject({ sourceSize: text.length })
    const content = (await server.objects.get('bucket', 'key')?.content()) ?? Buffer.alloc(0)
    expect(content.length).toBeLessThan(text.length / 10)
    expect(decompress(content).toString()).toBe(text)
  })

  it('compresses with zstd, where Node can', async () => {
    const server = await startServer()
    const zlib = await import('node:zlib')
    const { code, stderr } = await osspipe(server, ['put', '-z', 'zstd', '-', TARGET], {
      input: 'hello',
    })
    if ('createZstdCompress' in zlib) {
      expect(code).toBe(0)
      const magic = (await server.objects.get('bucket', 'key')?.content())?.readUInt32LE(0)
      expect(magic).toBe(0xfd2fb528)
    } else {
      expect(code).toBe(2)
      expect(stderr).toMatch(/^osspipe: Expected Node 22\.15 or newer for --compress zstd, this is/)
    }
  })

  it('sends what is said of the object', async () => {
    const server = await startServer()
    const args = [
      ...['--content-type', 'text/x-dump', '--cache-control', 'no-store'],
      ...['--content-disposition', 'attachment', '--content-encoding', 'x', '--expires', 'soon'],
      ...['--meta', 'app=db', '--meta', 'host=a=b', '--header', 'x-oss-persistent-headers=a:b'],
      ...['--tag', 'kind=backup', '--acl', 'private', '--storage-class', 'IA'],
      ...['--sse', 'KMS', '--sse-kms-key-id', 'k1', '--traffic-limit', '819200', '--no-clobber'],
    ]
    const { code, stderr } = await osspipe(server, ['put', ...args, '-', TARGET], {
      input: 'hello',
    })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const [request] = server.requests.of('PutObject')
    expect(request?.headers).toMatchObject({
      'content-type': 'text/x-dump',
      'cache-control': 'no-store',
      'content-disposition': 'attachment',
      'content-encoding': 'x',
      expires: 'soon',
      'x-oss-meta-app': 'db',
      'x-oss-meta-host': 'a=b',
      'x-oss-persistent-headers': 'a:b',
      'x-oss-tagging': 'kind=backup',
      'x-oss-object-acl': 'private',
      'x-oss-storage-class': 'IA',
      'x-oss-server-side-encryption': 'KMS',
      'x-oss-server-side-encryption-key-id': 'k1',
      'x-oss-traffic-limit': '819200',
      'x-oss-forbid-overwrite': 'true',
      'x-oss-meta-osspipe-upload': expect.any(String),
    })
  })

  it('sends neither marker nor MD5 where it was told so, and signs as it was told', async () => {
    const server = await startServer()
    const args = ['--no-marker', '--integrity', 'none', '--signature-version', 'v1']
    const { code } = await osspipe(server, ['put', ...args, '-', TARGET], { input: 'hello' })
    expect(code).toBe(0)
    const [request] = server.requests.of('PutObject')
    expect(request?.headers).not.toHaveProperty('x-oss-meta-osspipe-upload')
    expect(request?.headers).not.toHaveProperty('content-md5')
    expect(request?.headers).toHaveProperty('date')
    expect(request?.headers).not.toHaveProperty('x-oss-content-sha256')
  })

  it('takes everything from variables, too, and lets an option win', async () => {
    const server = await startServer()
    const { code, stderr } = await osspipe(server, ['put', '--concurrency', '1', '-', TARGET], {
      input: randomBytes(3 * MIB),
      env: {
        OSS_PART_SIZE: '1MiB',
        OSS_CONCURRENCY: '3',
        OSS_META: 'a=1,b=2',
        OSS_STORAGE_CLASS: 'IA',
        OSS_QUIET: '1',
      },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(server.requests.of('UploadPart')).toHaveLength(3)
    expect(server.requests.maxInFlight('UploadPart')).toBe(1)
    expect(server.objects.get('bucket', 'key')?.meta).toMatchObject({ a: '1', b: '2' })
  })

  it('goes to the region and endpoint of the options', async () => {
    const [here, there] = [await startServer(), await startServer({ region: 'eu-central-1' })]
    const { endpoint, credentials } = there.options()
    const { code } = await osspipe(
      here,
      ['put', '--endpoint', endpoint, '--region', 'eu-central-1', '-', TARGET],
      {
        input: 'hello',
        env: {
          OSS_ACCESS_KEY_ID: credentials.accessKeyId,
          OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
        },
      },
    )
    expect(code).toBe(0)
    expect(there.objects.get('bucket', 'key')?.size).toBe(5)
    expect(here.requests.all).toEqual([])
  })

  it('goes on where a run was cut off, and sends nothing twice', async () => {
    const server = await startServer()
    const directory = await folder()
    const [path, checkpoint] = [join(directory, 'film'), join(directory, 'checkpoint')]
    const bytes = randomBytes(3 * MIB)
    await writeFile(path, bytes)
    const args = ['put', '--part-size', '1MiB', '--concurrency', '1', '--max-attempts', '1']
    const line = [...args, '--checkpoint', checkpoint, path, TARGET]
    server.faults.add({ operation: 'UploadPart', partNumber: 3 }, { status: 503 })
    const first = await osspipe(server, line)
    const [upload] = server.uploads.list()
    expect(first.code).toBe(3)
    expect(first.stderr).toContain(
      `Parts of the upload ${upload?.uploadId} are left, and billed.\n` +
        'Run the same command again to go on with it, or remove them with:\n' +
        `  osspipe clean ${TARGET} --upload-id ${upload?.uploadId}\n`,
    )
    server.requests.clear()
    const second = await osspipe(server, line)
    expect(second).toMatchObject({ code: 0 })
    expect(second.stderr).toContain('going on with an earlier run: 2 parts (2.00 MiB) are stored')
    expect(server.requests.of('UploadPart').map(({ partNumber }) => partNumber)).toEqual([3])
    expect((await server.objects.get('bucket', 'key')?.content())?.equals(bytes)).toBe(true)
  })

  it('tells retries with --verbose, and how many in the end', async () => {
    const server = await startServer()
    server.faults.add({ operation: 'PutObject', times: 2 }, { status: 503 })
    const { code, stderr } = await osspipe(server, ['put', '-v', '-', TARGET], { input: 'hello' })
    expect(code).toBe(0)
    expect(stderr.match(/^PutObject: attempt [12] failed, the next in \d+ ms: 503/gm)).toHaveLength(
      2,
    )
    expect(stderr).toContain(', 2 attempts repeated, ')
  })

  it('tells progress as JSON, and nothing else, on stderr', async () => {
    const server = await startServer()
    const { code, stderr } = await osspipe(
      server,
      ['put', '--progress', 'json', '--expected-size', '5', '-', TARGET],
      { input: 'hello' },
    )
    expect(code).toBe(0)
    const objects = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(objects.at(-1)).toMatchObject({
      bytesIn: 5,
      bytesDone: 5,
      size: 5,
      partsInFlight: 0,
      retries: 0,
    })
  })
})
