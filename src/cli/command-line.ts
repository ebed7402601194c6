/** A whole command line: picks the command, runs it, tells its failure, gives the exit code. */
import { COMMANDS, DESCRIPTIONS, type RunnableCommand } from './commands.js'
import type { Context } from './context.js'
import { type CommandDescription, optionsOf } from './description.js'
import { ClosedOutputError, exitCodeOf } from './exit-codes.js'
import { failureObject, messageOf } from './failure.js'
import { commandHelp, programHelp } from './help.js'
import { PartsLeftError } from './leftover.js'
import { inOptionNames } from './option-names.js'
import { optionValues } from './option-values.js'
import { Console, writeTo } from './output.js'
import { parseLine } from './program.js'
import { UsageError } from './usage-error.js'

/** Never rejects: whatever goes wrong is told and has an exit code. */
export async function runCommandLine(
  line: readonly string[],
  context: Context,
  version: string,
): Promise<number> {
  // A reader of stderr that has gone must not end a backup; a reader of stdout is told where it matters.
  for (const output of [context.stdout, context.stderr]) output.on('error', () => undefined)
  try {
    const [first] = line
    if (first === undefined) throw new UsageError('Expected a command')
    if (['--help', '-h', 'help'].includes(first)) return await help(context, line[1])
    if (['--version', '-V'].includes(first)) return await print(context, `${version}\n`)
    const [name = '', ...rest] = isShort(line) ? ['put', ...line] : line
    const command = COMMANDS.find(({ description }) => description.name === name)
    if (command === undefined) throw unknownCommand(name)
    return await runCommand(command, context, rest)
  } catch (error) {
    return fail(context, error, 'osspipe --help', { json: asksForJson(line, context) })
  }
}

/** `osspipe [options] oss://BUCKET/KEY` is short for `osspipe put`. */
function isShort(line: readonly string[]): boolean {
  return (
    /^(-|oss:\/\/)/.test(line[0] ?? '') && ownPart(line).some((each) => each.startsWith('oss://'))
  )
}

/** What stands before `--`. */
function ownPart(line: readonly string[]): readonly string[] {
  const end = line.indexOf('--')
  return end === -1 ? line : line.slice(0, end)
}

/** Whether a result is wanted as JSON, of a line that may be none: its failure has to be told. */
function asksForJson(line: readonly string[], { env }: Context): boolean {
  const last = ownPart(line).findLast((each) => /^--(no-)?json$/.test(each))
  return last === undefined ? /^(1|true|yes|on)$/i.test(env.OSS_JSON ?? '') : last === '--json'
}

async function runCommand(
  command: RunnableCommand,
  context: Context,
  line: readonly string[],
): Promise<number> {
  const { description } = command
  const hasResult = optionsOf(description).some(({ name }) => name === 'json')
  const hasRoom = hasResult && !description.givesBytes?.(ownPart(line))
  let json = hasRoom && asksForJson(line, context)
  try {
    const parsed = parseLine(description, line)
    if (parsed.wantsHelp) return await print(context, commandHelp(description))
    const options = optionValues(optionsOf(description), parsed.given, context.env)
    json = hasRoom && options.json === true
    return await command.run(context, parsed.arguments, options)
  } catch (error) {
    return fail(context, error, `osspipe ${description.name} --help`, { description, json })
  }
}

async function fail(
  context: Context,
  error: unknown,
  help: string,
  known: { readonly description?: CommandDescription; readonly json?: boolean } = {},
): Promise<number> {
  const code = exitCodeOf(error)
  // As silent as any program that SIGPIPE ends.
  if (error instanceof ClosedOutputError) return code
  const { description, json = false } = known
  const console = new Console(context, { json })
  const options = description === undefined ? [] : optionsOf(description)
  const message = inOptionNames(messageOf(error), options)
  console.complain(message)
  if (code === 2) console.line(`See \`${help}\`.`)
  if (error instanceof PartsLeftError) console.line(error.hint)
  try {
    await console.result(failureObject(error, message))
  } catch {
    // Nobody reads the result; the failure has been told, and its code stands.
  }
  return code
}

async function help(context: Context, name: string | undefined): Promise<number> {
  if (name === undefined) return print(context, programHelp(DESCRIPTIONS))
  const description = DESCRIPTIONS.find((each) => each.name === name)
  if (description === undefined) throw unknownCommand(name)
  return print(context, commandHelp(description))
}

async function print(context: Context, text: string): Promise<number> {
  await writeTo(context.stdout, text)
  return 0
}

function unknownCommand(name: string): UsageError {
  return new UsageError(`Unknown command ${JSON.stringify(name)}`)
}
