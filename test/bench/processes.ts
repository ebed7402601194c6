/** The processes of the benchmark: the sink, and one for each run of a client. */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a run cost, in the client's own process. */
export interface Cost {
  readonly wallSeconds: number
  /** User and system time of all threads. */
  readonly cpuSeconds: number
  readonly peakRssMiB?: number
  /** 99th percentile of the event loop's delay. */
  readonly loopP99Ms?: number
  readonly loopMaxMs?: number
}

/** What the sink saw of a run. */
export interface Seen {
  /** Connections opened, and most requests at once. */
  readonly opened: number
  readonly mostBusy: number
  readonly requests: number
  readonly bytes: number
  /** The sink's own CPU time. */
  readonly sinkCpuSeconds: number
}

export interface SinkSettings {
  readonly tls: boolean
  readonly latencyMs: number
  readonly bytesPerSecond: number
  readonly checksDigests: boolean
}

/** What has not ended by then hangs: a client is given up, rather than all others with it. */
const DEADLINE_MS = 300_000

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** A running sink. */
export class Sink {
  readonly endpoint: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, endpoint: string) {
    this.#child = child
    this.endpoint = endpoint
  }

  /** @param folder where the certificate for TLS is, or is put */
  static async start(settings: SinkSettings, folder: string): Promise<Sink> {
    const tls = settings.tls ? certificate(folder) : undefined
    const child = fork(join(HERE, 'sink/sink.mjs'), [JSON.stringify({ ...settings, tls })], {
      execArgv: [],
    })
    const [{ port }] = await once(child, 'message')
    return new Sink(child, `${settings.tls ? 'https' : 'http'}://127.0.0.1:${port}`)
  }

  /** Closes all connections and counts anew. */
  async reset(): Promise<number> {
    return (await this.#ask('reset')).sinkCpuSeconds
  }

  async seen(): Promise<Seen> {
    return this.#ask('seen')
  }

  async stop(): Promise<void> {
    this.#child.disconnect()
    await once(this.#child, 'exit')
  }

  async #ask(question: string): Promise<Seen> {
    this.#child.send(question)
    const [{ cpuSeconds, ...counts }] = await once(this.#child, 'message')
    return { ...counts, sinkCpuSeconds: cpuSeconds }
  }
}

/** Runs a client of `clients/` in a fresh process. */
export async function runClient(run: object, folder: string): Promise<Cost> {
  const child = fork(join(HERE, 'clients/client.mjs'), [JSON.stringify(run)], {
    // Such as `--cpu-prof`, to see where the time goes.
    execArgv: process.env.OSSPIPE_BENCH_EXEC_ARGV?.split(' ') ?? [],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...trust(folder) },
    timeout: DEADLINE_MS,
  })
  let cost: Cost | undefined
  child.on('message', (message: Cost) => {
    cost = message
  })
  const [code, signal] = await once(child, 'exit')
  if (cost === undefined) throw new Error(`The client ended with ${code ?? signal}`)
  return cost
}

/** Runs `curl -T file url`; its time is told by the shell. */
export async function runCurl(url: string, file: string, folder: string): Promise<Cost> {
  const trusted = existsSync(certificateFile(folder)) ? '--cacert "$3"' : ''
  const script = `TIMEFORMAT="%R %U %S"; time curl -sS -o /dev/null ${trusted} -H Expect: -T "$1" "$2"`
  const args = ['-c', script, 'bash', file, url, certificateFile(folder)]
  const child = spawn('bash', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: DEADLINE_MS,
  })
  let text = ''
  child.stderr.on('data', (bytes: Buffer) => {
    text += bytes
  })
  await once(child, 'close')
  const [wallSeconds = Number.NaN, user = Number.NaN, system = 0] = text
    .trim()
    .split(' ')
    .map(Number)
  if (Number.isNaN(wallSeconds)) throw new Error(`curl: ${text}`)
  return { wallSeconds, cpuSeconds: user + system }
}

/** What makes a client of Node's TLS trust the sink, once that has a certificate. */
function trust(folder: string): Record<string, string> {
  const file = certificateFile(folder)
  return existsSync(file) ? { NODE_EXTRA_CA_CERTS: file } : {}
}

function certificateFile(folder: string): string {
  return join(folder, 'certificate.pem')
}

/** A certificate for this run of the benchmark, and its key. */
function certificate(folder: string): { key: string; cert: string } {
  const keyFile = join(folder, 'key.pem')
  const file = certificateFile(folder)
  if (!existsSync(keyFile)) {
    const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
    // ali-oss speaks to an address under the name of the bucket.
    const names = 'subjectAltName=IP:127.0.0.1,DNS:*.oss-cn-hangzhou.aliyuncs.com'
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', names]
    const output = ['-keyout', keyFile, '-out', file]
    execFileSync('openssl', [...request.split(' '), ...subject, ...output], { stdio: 'ignore' })
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(file, 'utf8') }
}
