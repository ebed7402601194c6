/** `osspipe completion SHELL`: prints the script that completes in that shell. */
import { DESCRIPTIONS } from './commands.js'
import { bashCompletion } from './completion/bash.js'
import { fishCompletion } from './completion/fish.js'
import { zshCompletion } from './completion/zsh.js'
import type { Arguments, Context } from './context.js'
import { writeTo } from './output.js'
import { UsageError } from './usage-error.js'

const SCRIPTS = new Map([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
])

export async function run(context: Context, { operands }: Arguments): Promise<number> {
  const [shell = ''] = operands
  const script = SCRIPTS.get(shell)
  if (script === undefined) {
    throw new UsageError(`Expected SHELL to be bash, zsh or fish, got ${JSON.stringify(shell)}`)
  }
  await writeTo(context.stdout, script(DESCRIPTIONS))
  return 0
}
