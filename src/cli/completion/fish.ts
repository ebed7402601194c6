/** The completion script of fish. Pure. */
import { type CommandDescription, type OptionDescription, optionsOf } from '../description.js'

export function fishCompletion(commands: readonly CommandDescription[]): string {
  const names = commands.map(
    ({ name, summary }) =>
      `complete -c osspipe -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
  )
  const lines = commands.flatMap((command) => [
    ...optionsOf(command).map((option) => optionLine(command, option)),
    ...command.arguments
      .filter(({ choices }) => choices !== undefined)
      .map(({ choices = [] }) => `${forCommand(command)} -f -a ${quoted(choices.join(' '))}`),
  ])
  return `# fish completion of osspipe\n${[...names, ...lines].join('\n')}\n`
}

function optionLine(command: CommandDescription, option: OptionDescription): string {
  const { name, short, value, summary } = option
  return [
    forCommand(command),
    `-l ${name}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...valueFlags(value),
    `-d ${quoted(summary)}`,
  ].join(' ')
}

function valueFlags(value: OptionDescription['value']): string[] {
  if (value === undefined) return []
  if (value.choices !== undefined) return ['-x', `-a ${quoted(value.choices.join(' '))}`]
  return [value.completes === undefined ? '-x' : '-r']
}

function forCommand({ name }: CommandDescription): string {
  return `complete -c osspipe -n '__fish_seen_subcommand_from ${name}'`
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `\\${character}`)}'`
}
