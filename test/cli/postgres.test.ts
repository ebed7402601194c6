/** A real database, dumped, put, got and restored by the real commands; and a dump that dies. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { POSTGRES_BIN, type Postgres, startPostgres } from '../helpers/postgres.js'
import { environmentOf, MAIN, osspipe, startOsspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const run = promisify(execFile)

/** A dump of about 250 MB. */
const ROWS = 1_500_000
const FILL = `
  CREATE TABLE event (id integer PRIMARY KEY, at timestamptz, who text, what text);
  INSERT INTO event SELECT n, timestamptz '2026-01-01' + n * interval '1 second', 'user ' || n % 977,
    md5(n::text) || E'\\t''Größe'' \\\\ 数据\\n' || md5((n * 7)::text) || repeat('.', n % 50)
    FROM generate_series(1, ${ROWS}) n;
  CREATE VIEW busy AS SELECT who, count(*) FROM event GROUP BY who;`
const DIGEST =
  'SELECT count(*), sum(hashtext(event::text)::bigint), max(at), (SELECT count(*) FROM busy) FROM event'

const TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

/** The ways to restore that the guide of the command line shows, its help among it. */
const RESTORES = [
  ...new Set(
    readFileSync(new URL('../../examples/guide/cli.md', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => /osspipe get\b.*\bpsql\b/.test(line)),
  ),
]

describe.skipIf(POSTGRES_BIN === undefined)('a PostgreSQL database', { timeout: 300_000 }, () => {
  let postgres: Postgres

  beforeAll(async () => {
    postgres = await startPostgres()
    await postgres.sql('CREATE DATABASE app')
    await psql('app', '-c', FILL)
  }, 300_000)

  afterAll(() => postgres?.stop())

  async function psql(database: string, ...args: string[]): Promise<string> {
    const flags = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', database, ...args]
    const env = { ...process.env, ...postgres.env }
    return (await run(postgres.program('psql'), flags, { env })).stdout
  }

  it('comes back equal, dumped by a child and restored through a pipe', async () => {
    const server = await startServer()
    const put = await osspipe(
      server,
      ['put', '-q', '--json', '-z', 'gzip', 'oss://bucket/app.sql.gz', '--', 'pg_dump', 'app'],
      { env: postgres.env },
    )
    expect(put).toMatchObject({ code: 0, stderr: '' })
    const { sourceSize, parts } = JSON.parse(put.stdout.toString())
    expect(sourceSize).toBeGreaterThan(200_000_000)
    expect(parts).toBeGreaterThan(2)

    await postgres.sql('CREATE DATABASE restored')
    const restore =
      `"${process.execPath}" "${MAIN}" get -q -z gzip oss://bucket/app.sql.gz - | ` +
      'psql -X -q -v ON_ERROR_STOP=1 -d restored >/dev/null'
    const env = { ...environmentOf(server), ...postgres.env }
    await run('bash', ['-euo', 'pipefail', '-c', restore], { env })
    const digest = await psql('app', '-c', DIGEST)
    expect(digest).toMatch(new RegExp(`^${ROWS}\\|-?\\d+\\|`))
    expect(await psql('restored', '-c', DIGEST)).toBe(digest)
  })

  describe.each(RESTORES)('restored by: %s', (command) => {
    /** The command as it stands there, but into a database and a folder of its own. */
    async function restore(database: string, object: Buffer | string) {
      const server = await startServer({ buckets: ['backups'] })
      const client = new OssClient({ ...server.options(), bucket: 'backups', env: {} })
      await client.putObject({ key: 'app.sql.gz', body: object })
      await postgres.sql(`CREATE DATABASE ${database}`)
      const cwd = await mkdtemp(join(tmpdir(), 'osspipe-restore-'))
      onTestFinished(() => rm(cwd, { recursive: true }))
      const script = [
        'set -o pipefail',
        `osspipe() { "${process.execPath}" "${MAIN}" "$@"; }`,
        command.replace(/ app$/, ` ${database}`),
      ].join('\n')
      const env = { ...environmentOf(server), ...postgres.env }
      const code = await run('bash', ['-c', script], { env, cwd }).then(
        () => 0,
        (error: { code: unknown }) => error.code,
      )
      return { code, tables: await psql(database, '-c', TABLES) }
    }

    const name = `by_${RESTORES.indexOf(command)}`
    const dump = gzipSync(
      `CREATE TABLE a (n integer);\nCOPY a FROM stdin;\n${Array.from({ length: 200_000 }, (_, n) => `${n * 7919}\n`).join('')}\\.\n`,
    )

    it('is all there', async () => {
      expect(await restore(`${name}_whole`, dump)).toEqual({ code: 0, tables: 'a\n' })
    })

    it('is not there at all, and that is told, when half of it comes', async () => {
      const half = dump.subarray(0, dump.byteLength / 2)
      const { code, tables } = await restore(`${name}_half`, half)
      expect(code).not.toBe(0)
      expect(tables).toBe('')
    })

    it('is not there at all, and that is told, when SQL fails', async () => {
      const wrong = gzipSync('CREATE TABLE a (n integer);\nINSERT INTO nope VALUES (1);\n')
      const { code, tables } = await restore(`${name}_wrong`, wrong)
      expect(code).not.toBe(0)
      expect(tables).toBe('')
    })
  })

  it('is stored as pg_dump writes it, through a pipe, with its trailer looked for', async () => {
    const server = await startServer()
    const dump =
      `set -euo pipefail; pg_dump --schema-only app | "${process.execPath}" "${MAIN}" put -q ` +
      "--expect-trailer 'PostgreSQL database dump complete' - oss://bucket/schema.sql"
    const env = { ...environmentOf(server), ...postgres.env }
    await run('bash', ['-c', dump], { env })
    const stored = (await server.objects.get('bucket', 'schema.sql')?.content())?.toString()
    expect(stored).toContain('CREATE TABLE public.event')
  })

  it('leaves neither an object nor parts when pg_dump is killed in the middle', async () => {
    const server = await startServer()
    const held = server.faults.add(
      { operation: 'UploadPart', partNumber: 2 },
      { hold: 'before-answer' },
    )
    const args = ['put', '--json', 'oss://bucket/app.sql', '--', 'pg_dump', 'app']
    const { child, ended } = startOsspipe(server, args, { env: postgres.env })
    await held.reached(1)
    const kill = spawn('pkill', ['-KILL', '-P', String(child.pid), 'pg_dump'])
    expect(await once(kill, 'exit')).toEqual([0, null])
    held.release()
    const { code, stdout, stderr } = await ended
    expect(stderr).toContain('pg_dump was ended by SIGKILL')
    expect(code).toBe(7)
    expect(JSON.parse(stdout.toString())).toMatchObject({
      error: { exitCode: 7, code: 'ERR_OSS_CHILD_PROCESS', signal: 'SIGKILL' },
    })
    expect(server.objects.list()).toEqual([])
    expect(server.uploads.list()).toEqual([])
  })
})
