/** Every command: its description, and its code, which is loaded only when it is run. */
import type { Arguments, Context } from './context.js'
import type { CommandDescription, OptionsOf } from './description.js'
import { CHECK } from './descriptions/check.js'
import { CLEAN } from './descriptions/clean.js'
import { COMPLETION } from './descriptions/completion.js'
import { GET } from './descriptions/get.js'
import { LS } from './descriptions/ls.js'
import { MAN } from './descriptions/man.js'
import { PUT } from './descriptions/put.js'
import { RM } from './descriptions/rm.js'
import { SERVE } from './descriptions/serve.js'
import { UPLOADS } from './descriptions/uploads.js'

/** What the file of a command exports. Resolves with the exit code, or rejects with the failure. */
export interface CommandModule<Description extends CommandDescription> {
  run(context: Context, args: Arguments, options: OptionsOf<Description>): Promise<number>
}

/** A command that can be run. */
export interface RunnableCommand {
  readonly description: CommandDescription
  run(
    context: Context,
    args: Arguments,
    options: Readonly<Record<string, unknown>>,
  ): Promise<number>
}

/** In the order of the help. */
export const COMMANDS: readonly RunnableCommand[] = [
  command(PUT, () => import('./put.js')),
  command(GET, () => import('./get.js')),
  command(LS, () => import('./ls.js')),
  command(RM, () => import('./rm.js')),
  command(UPLOADS, () => import('./uploads.js')),
  command(CLEAN, () => import('./clean.js')),
  command(CHECK, () => import('./check.js')),
  command(SERVE, () => import('./serve.js')),
  command(COMPLETION, () => import('./completion.js')),
  command(MAN, () => import('./man.js')),
]

export const DESCRIPTIONS: readonly CommandDescription[] = COMMANDS.map(
  ({ description }) => description,
)

function command<Description extends CommandDescription>(
  description: Description,
  load: () => Promise<CommandModule<Description>>,
): RunnableCommand {
  return {
    description,
    async run(context, args, options) {
      const { run } = await load()
      // Parsed by the same description that the type is made from.
      return run(context, args, options as OptionsOf<Description>)
    },
  }
}
