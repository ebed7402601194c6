/** The reference part of examples/guide/cli.md, made from the descriptions of the commands. */
import {
  type CommandDescription,
  type OptionDescription,
  optionsOf,
} from '../../src/cli/description.js'
import { CONNECTION, HELP, OUTPUT } from '../../src/cli/descriptions/common.js'
import { EXIT_CODES, SIGNAL_EXIT } from '../../src/cli/exit-codes.js'
import { optionTerm } from '../../src/cli/help.js'

/** Told once for all commands. */
const COMMON = [OUTPUT, CONNECTION]

export function cliReference(commands: readonly CommandDescription[]): string {
  const [signal = '', meaning = ''] = SIGNAL_EXIT.split(': ')
  const codes = [...EXIT_CODES, [signal, meaning]].map(([code, text]) => `| ${code} | ${text} |`)
  return [
    '## Exit codes',
    ['| code | meaning |', '| --- | --- |', ...codes].join('\n'),
    '## Options of all commands that talk to the service',
    ...COMMON.map(({ title, options }) => `${title}:\n\n${optionTable(options)}`),
    ...commands.flatMap(section),
  ].join('\n\n')
}

function section(command: CommandDescription): string[] {
  const { name, summary, usage, description, examples } = command
  const common = COMMON.filter((group) => command.groups.some(({ title }) => title === group.title))
  const own = command.groups.filter(
    ({ title }) => title !== HELP.title && !COMMON.some((group) => group.title === title),
  )
  const shared = common.map(({ title }) => title.toLowerCase()).join(' and ')
  return [
    `## \`osspipe ${name}\``,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    block(usage.map((line) => `osspipe ${name} ${line}`.trimEnd())),
    ...description,
    ...command.arguments.map((each) => `\`${each.name}\`: ${each.summary}.`),
    ...own.map(({ title, options }) => `${title}:\n\n${optionTable(options)}`),
    ...(shared === '' ? [] : [`And the options of ${shared} above.`]),
    block(examples.flatMap(({ text, command: line }) => [`# ${text}`, line])),
    `Exit codes: ${command.exitCodes.join(', ')} and 128 + n.`,
  ]
}

function optionTable(options: readonly OptionDescription[]): string {
  const rows = options.map((option) => {
    const { summary, env, value, repeatable } = option
    const choices = value?.choices === undefined ? '' : `: ${value.choices.join(', ')}`
    const often = repeatable ? '; may be given several times' : ''
    const cells = [
      `\`${optionTerm(option)}\``,
      env === undefined ? '' : `\`${env}\``,
      option.default ?? '',
      `${summary}${choices}${often}`,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return ['| option | variable | default | meaning |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

function block(lines: readonly string[]): string {
  return ['```text', ...lines, '```'].join('\n')
}

/** Every variable that an option or the library reads on behalf of a command. */
export function variablesOf(commands: readonly CommandDescription[]): Set<string> {
  return new Set(commands.flatMap((command) => optionsOf(command).flatMap(({ env }) => env ?? [])))
}
