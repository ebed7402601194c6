/**
 * Every example runs as it is, as a user would run it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { makeNastyTree } from './examples/nasty-tree.js'
import { POSTGRES_BIN, startPostgres } from './helpers/postgres.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const START = 'examples/start/start.ts'
const VITEST = 'node_modules/vitest/vitest.mjs'
const PATIENCE_MS = 60_000

let folder: string

beforeAll(() => {
  if (!existsSync(join(ROOT, 'dist/index.js'))) {
    throw new Error('The examples need dist/: run `npm run build` first, as `npm test` does')
  }
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osspipe-examples-test-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the numbered examples', () => {
  const PRINTS: Record<string, readonly (string | RegExp)[]> = {
    '01-pipe-a-file.ts': [/etag: '[0-9A-F]{32}'/, 'parts: 1,'],
    '02-gzip-a-stream.ts': [/Stored \d{6} bytes in [23] parts: http:\S+\/demo\/orders\.sql\.gz/],
    '03-multipart-step-by-step.ts': [
      /part 1: 102400 bytes.*\n.*part 2: 102400 bytes.*\n.*part 3: 102400 bytes.*\n.*part 4: 51200 bytes/,
      /object: 358400 bytes, [0-9A-F]{32}-4, as completed/,
    ],
    '04-cancel-an-upload.ts': [
      'parts before: 1\n',
      'listing the parts: NoSuchUpload\n',
      'one more part: NoSuchUpload\n',
      'completing it: NoSuchUpload\n',
      'unfinished uploads: 0\n',
    ],
    '05-errors-and-settled.ts': [
      'dump.sql: an error of the source, object absent, 0 unfinished uploads left\n',
      '  pg_dump: the server closed the connection\n',
      'dump.sql: ERR_OSS_UPLOAD, object absent',
      '404 NoSuchBucket',
    ],
    '06-progress-and-signal.ts': [
      /\d+ bytes in, 204800 acknowledged; parts: 1 \+ \d in flight\n/,
      'Ended: five parts are enough\nThe object is absent.\n',
    ],
    '07-share-a-client.ts': ['a log of 2026-11-22\n'],
    '08-http-response.ts': ['Stored 400000 bytes of text/csv\n'],
    '09-test-your-backup-job.test.ts': ['Tests  1 passed'],
    '11-resume-after-crash.ts': [
      '3 parts are stored: reading on at byte 307200\n',
      'Stored 600000 bytes in 6 parts\n',
      'Left: dump.sql; 0 unfinished uploads\n',
    ],
    '12-guards.ts': [
      'whole.sql: published, 60037 bytes\n',
      'half.sql: not published: no trailer after 30000 bytes\n',
      /forged\.sql: not published: Expected sha256 0{64} for oss:\/\/demo\/forged\.sql, got [0-9a-f]{64}\n/,
      'stored: whole.sql\n',
    ],
    '13-signals.ts': [
      'SIGINT: the object is absent, 0 uploads left; a command exits with 130 now\n',
    ],
    '14-upload-a-file.ts': [
      'Stored 600000 bytes in 6 parts\n',
      'changed meanwhile: ERR_OSS_SOURCE_CHANGED, stored: dump.sql\n',
    ],
    '15-parallel-gzip.ts': [/^\d{7} bytes stored of 11\d{6}, in \d parts\nread back: equal\n/],
    '16-compress.ts': [
      /log\.gz: 1000000 bytes in \d{4}, comes back as it was\nlog\.br: 1000000 bytes in \d+, comes back as it was\n/,
    ],
    '17-encrypt-and-restore.ts': [/^\d{4} bytes encrypted; restored as they were\n/],
    '18-tar-a-directory.ts': [/^arguments\.ts \d+\n.*\nunits\.ts \d+\n$/s],
    '19-zip-with-archiver.ts': [
      'report.zip is published\nbroken.zip: ENOENT\nbroken.zip is absent\n',
    ],
    '20-json-lines.ts': ['ids that add up to 200010000\n'],
    '21-web-streams.ts': [
      /^whole: published, \d{3,4} bytes\nhalf: terminated\nhalf: absent, undefined bytes\n$/,
    ],
    '22-two-destinations.ts': [
      'near: fulfilled\nfar: fulfilled\ndisk: fulfilled\non disk: 780000 bytes\n',
    ],
    '23-rotation.ts': [
      /^log\/\d{4}-\S+Z-000001\.log: 99994 bytes\n/,
      /-000003\.log: 23395 bytes\n3 objects, 223374 bytes\n/,
    ],
    '24-progress-bar.ts': ['Stored 1000000 bytes in 10 parts\n'],
    '25-express-upload.ts': [
      /^900000 bytes: 201 \{"key":"(uploads\/[-0-9a-f]{36})","size":900000\}\n1000001 bytes: 413 .*\n\1: 900000 bytes\n$/,
    ],
    '26-fastify-upload.ts': [
      /^900000 bytes: 201 \{"key":"(uploads\/[-0-9a-f]{36})","size":900000\}\n1000001 bytes: 413 .*\n\1: 900000 bytes\n$/,
    ],
    '27-nextjs-route.ts': [
      /^whole\.txt: 201 .*"size":300000\}\nhalf\.txt: 400 .*got 100000\nstored: uploads\/whole\.txt\n$/,
    ],
    '28-opentelemetry.ts': [
      / {2}part 1\n/,
      '  UploadPart (failed)\n',
      / {2}CompleteMultipartUpload\nupload oss:\/\/demo\/db\.sql\n$/,
    ],
  }

  const WITH_POSTGRES: Record<string, readonly (string | RegExp)[]> = {
    '29-pg-copy-streams.ts': [/^Stored \d{6} bytes\nRestored 50000 rows, lost 0\n$/],
    '30-pg-dump.ts': [
      /^app\.sql\.gz: \d{5,} bytes of SQL, sha256 [0-9a-f]{64}\n/,
      'none.sql.gz is absent: pg_dump: error: no matching tables were found\napp.sql.gz\n',
    ],
    '31-restore.ts': [/^ERR_OSS_CORRUPT_DOWNLOAD \nrestored: public\|t\|table\|postgres\n/],
  }

  it('all have their line here', async () => {
    const names = await readdir(join(ROOT, 'examples'))
    const all = Object.keys({ ...PRINTS, ...WITH_POSTGRES })
    expect(names.filter((name) => /^\d/.test(name)).sort()).toEqual(all)
  })

  describe.skipIf(POSTGRES_BIN === undefined)('with a real PostgreSQL', () => {
    it.each(Object.entries(WITH_POSTGRES))(
      '%s runs as it is',
      { timeout: PATIENCE_MS },
      async (name, prints) => {
        const postgres = await startPostgres()
        onTestFinished(postgres.stop)
        await postgres.sql('CREATE TABLE t AS SELECT id FROM generate_series(1, 9999) AS id')
        const { code, stdout, stderr } = await finished(run([`examples/${name}`], postgres.env))
        expect(code, stderr).toBe(0)
        for (const text of prints) expect(stdout).toMatch(text)
      },
    )
  })

  it.each(Object.entries(PRINTS))(
    '%s runs as it is',
    { timeout: PATIENCE_MS },
    async (name, prints) => {
      const path = `examples/${name}`
      const child = run(name.endsWith('.test.ts') ? [VITEST, 'run', path] : [path])
      const { code, stdout, stderr } = await finished(child)
      expect(code, stderr).toBe(0)
      for (const text of prints) expect(stdout).toMatch(text)
    },
  )

  it.each(Object.keys({ ...PRINTS, ...WITH_POSTGRES }))(
    '%s says in its first line what it shows, in 30 lines',
    async (name) => {
      const text = await readFile(join(ROOT, 'examples', name), 'utf8')
      expect(text).toMatch(/^\/\/ [A-Z].+\.\n/)
      expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(30)
    },
  )
})

describe('npm start', { timeout: PATIENCE_MS }, () => {
  it('streams a tree with nasty names there and back, and leaves nothing behind', async () => {
    const tree = join(folder, 'tree')
    const entries = await makeNastyTree(tree)
    const socket = createServer().listen(join(tree, 'socket'))
    await once(socket, 'listening')
    const temporary = join(folder, 'tmp')
    await mkdir(temporary)

    const { code, stdout, stderr } = await finished(run([START, tree], { TMPDIR: temporary }))
    socket.close()

    expect(stdout).toContain(`OK: "${tree}" came back equal, ${entries} entries in all.\n`)
    expect(stdout).toMatch(/ {2}CRC-64 +(\d+) \(sent\), \1 \(stored\)\n/)
    expect(stdout).toMatch(/ {2}ETag +[0-9A-F]{32}-3\n/)
    expect(stdout).toMatch(/ {2}parts +3 parts of 1\.0 MiB, at most \d in flight\n/)
    expect(stdout).toContain('"socket" is left out: a socket\n')
    expect(stderr).toMatch(/2\.\d MiB in, 2\.\d MiB acknowledged, .*3 parts \+ 0 in flight.*RSS/)
    expect(stderr).not.toContain('\r')
    expect(code).toBe(0)
    expect((await readdir(temporary)).filter((name) => name.startsWith('osspipe'))).toEqual([])
  })

  it('streams an empty directory', async () => {
    const { code, stdout } = await finished(run([START, folder]))
    expect(stdout).toContain('came back equal, 1 entry in all.')
    expect(code).toBe(0)
  })

  it.each([
    ['a missing directory', () => [join(folder, 'none')], 'No such directory: "'],
    ['a file', () => [join(ROOT, 'package.json')], 'Not a directory: "'],
    ['an unknown option', () => ['--fast'], 'Unknown option "--fast"'],
    ['two directories', () => [folder, folder], 'Expected one directory, got 2'],
  ])('refuses %s with exit code 2', async (_what, args, text) => {
    const { code, stdout, stderr } = await finished(run([START, ...args()]))
    expect(stderr).toContain(`osspipe: ${text}`)
    expect(stderr).toContain('Usage: npm start')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('on Ctrl-C aborts the upload, removes its files and exits with 130', async () => {
    // Sparse: it occupies nothing, and is not at its end for minutes.
    await writeFile(join(folder, 'endless'), '')
    await truncate(join(folder, 'endless'), 2 ** 36)
    const child = run([START, folder], { TMPDIR: folder })
    child.stdout?.on('data', (text) => {
      if (String(text).includes('Streaming')) child.kill('SIGINT')
    })
    const { code, stderr } = await finished(child)
    expect(stderr).toContain('osspipe: Stopped by SIGINT\nLeft in OSS: 0 objects, 0 uploads\n')
    expect(code).toBe(130)
    expect((await readdir(folder)).filter((name) => name.startsWith('osspipe'))).toEqual([])
  })
})

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function finished(child: ChildProcess) {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}
