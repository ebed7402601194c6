#!/usr/bin/env node
/** `osspipe`: hands the process to the command line, and its exit code to the process. */
import { readFileSync } from 'node:fs'
import { systemClock } from './clock.js'
import { runCommandLine } from './command-line.js'
import { DESCRIPTIONS } from './commands.js'
import { optionsOf } from './description.js'
import { inOptionNames } from './option-names.js'
import { flushed } from './output.js'

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8'))
  return String(version)
}

const { stdout, stderr, env } = process

// Node's own way of telling warnings breaks a line that is being drawn, and speaks of processes.
process.removeAllListeners('warning')
const allOptions = DESCRIPTIONS.flatMap(optionsOf)
process.on('warning', ({ message }) =>
  stderr.write(`osspipe: warning: ${inOptionNames(message, allOptions)}\n`),
)

runCommandLine(
  process.argv.slice(2),
  {
    // Made when it is first asked for: a command that reads nothing must not hold the terminal.
    get stdin() {
      return process.stdin
    },
    stdout,
    stderr,
    env,
    clock: systemClock,
    signals: process,
    exit: (code) => process.exit(code),
  },
  version(),
).then(async (code) => {
  // What a slow reader of a pipe has not taken yet would be lost.
  await flushed(stderr)
  // Everything else has settled; a child that does not want to end is not waited for.
  process.exit(code)
})
