#!/usr/bin/env node
/** `osspipe`: picks the command. Exit codes: 0 done, 1 failed, 2 called wrongly, 128 + n signal n. */
import { readFileSync } from 'node:fs'
import { serve } from './serve.js'
import { UsageError } from './usage-error.js'

const HELP = `osspipe: streams into Alibaba Cloud OSS, whole or not at all

Usage:
  osspipe serve [options]     run an OSS server for development and tests
  osspipe --help | --version

Options of serve:
  --port N                    port to listen on (default: any free one)
  --host ADDRESS              address to bind (default: 127.0.0.1)
  --bucket NAME               bucket to create; may be given several times
  --data DIR                  keep everything in DIR (default: in memory; needs the package memfs)
  --region REGION             region to be (default: cn-hangzhou)
  --access-key-id ID          key pair to accept (default: one made up, printed as
  --access-key-secret SECRET  export lines; OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET
                              of the environment are not used)

Exit codes: 0 stopped by a signal or done, 1 failed, 2 called wrongly
`

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  switch (command) {
    case 'serve':
      if (rest.includes('--help') || rest.includes('-h')) break
      return serve(rest)
    case '--help':
    case '-h':
    case 'help':
      break
    case '--version':
    case '-v':
      process.stdout.write(`${version()}\n`)
      return 0
    case undefined:
      throw new UsageError('Expected a command')
    default:
      throw new UsageError(`Unknown command ${JSON.stringify(command)}`)
  }
  process.stdout.write(HELP)
  return 0
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8'))
  return String(version)
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error)
    const hint = error instanceof UsageError ? '\nSee `osspipe --help`.' : ''
    process.stderr.write(`osspipe: ${text}${hint}\n`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  },
)
