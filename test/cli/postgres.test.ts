/** A real database, dumped, put, got and restored by the real commands; and a dump that dies. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
