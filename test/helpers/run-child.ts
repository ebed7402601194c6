/** Runs a file of test/children in a process of its own, against a server of the test's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OssServer } from '../../src/server/server.js'

export interface ChildEnding {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Ends when the child does; `args` come after `endpoint`, key id and secret in its `argv`.
 * @param onOutput is told of all output so far whenever there is more of it
 */
export function runChild(
  name: string,
  server: OssServer,
  args: readonly string[] = [],
  onOutput: (stdout: string, child: ChildProcess) => void = () => {},
): Promise<ChildEnding> {
  const file = fileURLToPath(new URL(`../children/${name}.ts`, import.meta.url))
  const { endpoint, credentials } = server.options()
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', file, ...args], {
    env: {
      ...process.env,
      OSS_ENDPOINT: endpoint,
      OSS_REGION: server.region,
      OSS_ACCESS_KEY_ID: credentials.accessKeyId,
      OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      if (name === 'stdout') onOutput(output.stdout, child)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
}
