/** The only importer of commander: takes a command line apart by the description of its command. */
import { Command, CommanderError, Option } from 'commander'
import type { Arguments } from './context.js'
import { type CommandDescription, type OptionDescription, optionsOf } from './description.js'
import type { GivenOptions } from './option-values.js'
import { UsageError } from './usage-error.js'

/** What stood behind the name of a command. */
export interface ParsedLine {
  readonly arguments: Arguments
  readonly given: GivenOptions
  /** `--help` or `-h` was among it; nothing else has been checked then. */
  readonly wantsHelp: boolean
}

/**
 * Takes apart what stands behind the name of a command.
 * @throws {UsageError} for unknown options, missing values and a wrong number of operands
 */
export function parseLine(description: CommandDescription, line: readonly string[]): ParsedLine {
  const { own, child } = splitChild(description, line)
  const { command, options } = newCommand(description)
  let operands: readonly string[] = []
  command.action((all: readonly string[]) => {
    operands = all
  })
  if (asksForHelp(own)) {
    return { arguments: { operands, child }, given: new Map(), wantsHelp: true }
  }
  try {
    command.parse([...own], { from: 'user' })
  } catch (error) {
    throw error instanceof CommanderError ? new UsageError(inOneLine(error.message)) : error
  }
  checkCount(description, operands)
  return { arguments: { operands, child }, given: givenOf(command, options), wantsHelp: false }
}

function asksForHelp(line: readonly string[]): boolean {
  const end = line.indexOf('--')
  const before = end === -1 ? line : line.slice(0, end)
  return before.includes('--help') || before.includes('-h')
}

function splitChild(description: CommandDescription, line: readonly string[]) {
  const at = description.takesChild ? line.indexOf('--') : -1
  return at === -1
    ? { own: line, child: undefined }
    : { own: line.slice(0, at), child: line.slice(at + 1) }
}

interface Row {
  readonly description: OptionDescription
  readonly option: Option
}

function newCommand(description: CommandDescription) {
  const command = new Command(description.name)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .helpOption(false)
    .helpCommand(false)
    .argument('[operands...]')
  const options: Row[] = optionsOf(description).map((each) => ({
    description: each,
    option: newOption(each),
  }))
  for (const { description: each, option } of options) {
    command.addOption(option)
    // A flag that a variable may set must be revocable: an option wins.
    if (each.value === undefined) command.addOption(opposite(each))
  }
  return { command, options }
}

function newOption({ name, short, value }: OptionDescription): Option {
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}`
  const option = new Option(value === undefined ? flags : `${flags} <${value.placeholder}>`)
  if (value === undefined) return option
  return option.argParser((text: string, before: unknown) => [
    ...(Array.isArray(before) ? before : []),
    text,
  ])
}

function opposite({ name }: OptionDescription): Option {
  return new Option(name.startsWith('no-') ? `--${name.slice(3)}` : `--no-${name}`).hideHelp()
}

function givenOf(command: Command, options: readonly Row[]): GivenOptions {
  const given = new Map<string, readonly string[] | boolean>()
  for (const { description, option } of options) {
    const attribute = option.attributeName()
    if (command.getOptionValueSource(attribute) !== 'cli') continue
    const value: unknown = command.getOptionValue(attribute)
    if (Array.isArray(value)) given.set(description.name, value.map(String))
    else given.set(description.name, option.negate ? value === false : value === true)
  }
  return given
}

function checkCount(description: CommandDescription, operands: readonly string[]): void {
  const [least, most] = description.operands
  if (operands.length >= least && operands.length <= most) return
  const names = description.arguments.map(({ name }) => name).join(', ')
  if (most === 0) throw new UsageError(`Expected no arguments, got ${JSON.stringify(operands[0])}`)
  const count = least === most ? `${least}` : `${least} to ${most}`
  throw new UsageError(
    `Expected ${count} argument${count === '1' ? '' : 's'} (${names}), got ${operands.length}`,
  )
}

function inOneLine(message: string): string {
  const text = message.replace(/^error: /, '').replaceAll('\n', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
