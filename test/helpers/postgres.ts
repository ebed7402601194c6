/** A throw-away PostgreSQL cluster, for tests of what people do with theirs. Debian: `apt-get install postgresql`. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The folder of `initdb`, `postgres`, `psql` and `pg_dump`; `undefined` where there is no PostgreSQL. */
export const POSTGRES_BIN = findBin()

if (POSTGRES_BIN === undefined) {
  console.warn('PostgreSQL is not installed: its tests are skipped')
}

export interface Postgres {
  /** What makes `pg`, `psql` and `pg_dump` find the cluster; to be laid over `process.env`. */
  readonly env: Readonly<Record<'PGHOST' | 'PGPORT' | 'PGUSER' | 'PGDATABASE' | 'PATH', string>>
  /** Path of one of its programs. */
  program(name: string): string
  /** Runs SQL by `psql`, and gives what it prints: rows by line, without headers. */
  sql(text: string): Promise<string>
  /** Ends it at once and removes its files; for `onTestFinished` or `afterAll`. */
  stop(): Promise<void>
}

/**
 * Starts a cluster in a folder of its own, on a Unix socket there and no TCP port. As root it runs as the user
 * `postgres`, since PostgreSQL refuses root.
 */
export async function startPostgres(): Promise<Postgres> {
  const bin = POSTGRES_BIN
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const owner = process.getuid?.() === 0 ? userPostgres() : undefined
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-pg-'))
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const as = { cwd: folder, ...owner }
  const init = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '-N']
  await run(join(bin, 'initdb'), init, as)
  const settings = ['fsync=off', 'listen_addresses=', `unix_socket_directories=${folder}`]
  const args = ['-D', data, ...settings.flatMap((each) => ['-c', each])]
  const child = spawn(join(bin, 'postgres'), args, { ...as, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  // SIGQUIT ends it at once, also when the test's own process is about to.
  const quit = () => {
    child.kill('SIGQUIT')
  }
  process.once('exit', quit)
  const stop = async () => {
    process.off('exit', quit)
    quit()
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await ready(child)
  } catch (error) {
    await stop()
    throw error
  }
  const PATH = `${bin}${delimiter}${process.env.PATH ?? ''}`
  const env = { PGHOST: folder, PGPORT: '5432', PGUSER: 'postgres', PGDATABASE: 'postgres', PATH }
  const program = (name: string) => join(bin, name)
  const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 28 }
  return {
    env,
    program,
    stop,
    async sql(text) {
      const flags = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text]
      return (await run(program('psql'), flags, options)).stdout
    },
  }
}

/** Resolves when it says that it takes connections; rejects with what it said when it ends before. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-65_536)
      if (log.includes('ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${log}`)))
  })
}

function userPostgres(): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Debian keeps the server's programs out of PATH, in a folder a version. */
function findBin(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian)
    ? readdirSync(debian).sort((a, b) => Number(b) - Number(a))
    : []
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return folders.find((folder) =>
    ['initdb', 'postgres', 'psql', 'pg_dump'].every((name) => existsSync(join(folder, name))),
  )
}
