/** Runs the real command, as it was built, in a process of its own against a server of the test's. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { OssServer } from '../../src/server/server.js'

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface OsspipeEnding {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface OsspipeRun {
  readonly child: ChildProcess
  readonly ended: Promise<OsspipeEnding>
  /** Resolves once stderr so far matches. */
  told(pattern: RegExp): Promise<void>
}

export interface OsspipeOptions {
  /** What goes into standard input, which then ends; `open` leaves it open. @default '' */
  readonly input?: string | Uint8Array | 'open' | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly stdio?: SpawnOptions['stdio'] | undefined
  readonly cwd?: string | undefined
  /** In a process group of its own. */
  readonly detached?: boolean | undefined
}

/** The variables that lead a command to the server; none of the tester's own `OSS_*` remain. */
export function environmentOf(server: OssServer): Record<string, string> {
  const { endpoint, credentials } = server.options()
  const others = Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith('OSS_') || value === undefined ? [] : [[name, value]],
  )
  return {
    ...Object.fromEntries(others),
    OSS_ENDPOINT: endpoint,
    OSS_REGION: server.region,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  }
}

export function startOsspipe(
  server: OssServer,
  args: readonly string[],
  { input = '', env, stdio = ['pipe', 'pipe', 'pipe'], cwd, detached }: OsspipeOptions = {},
): OsspipeRun {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...environmentOf(server), ...env },
    stdio,
    cwd,
    detached,
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const stdout: Buffer[] = []
  let stderr = ''
  const watchers: { readonly pattern: RegExp; readonly resolve: () => void }[] = []
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const { pattern, resolve } of watchers) if (pattern.test(stderr)) resolve()
  })
  // A command that fails early reads nothing.
  child.stdin?.on('error', () => undefined)
  if (input !== 'open') child.stdin?.end(input)
  const ended = new Promise<OsspipeEnding>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr }),
    )
  })
  return {
    child,
    ended,
    told: (pattern) =>
      new Promise((resolve) => {
        if (pattern.test(stderr)) resolve()
        else watchers.push({ pattern, resolve })
      }),
  }
}

/** Runs it to its end. */
export function osspipe(
  server: OssServer,
  args: readonly string[],
  options: OsspipeOptions = {},
): Promise<OsspipeEnding> {
  return startOsspipe(server, args, options).ended
}
