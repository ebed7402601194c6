/** The help texts, made from the descriptions. Pure. */
import type { CommandDescription, OptionDescription } from './description.js'
import { EXIT_CODES, SIGNAL_EXIT } from './exit-codes.js'
import { twoColumns, wrap } from './wrap.js'

/** What it is, in a line. */
export const TAGLINE = 'osspipe: streams into and out of Alibaba Cloud OSS, whole or not at all'

const WIDTH = 100

/** `osspipe --help`. */
export function programHelp(commands: readonly CommandDescription[]): string {
  const rows = commands.map(
    ({ name, usage, summary }) => [`osspipe ${name} ${usage[0] ?? ''}`.trim(), summary] as const,
  )
  return text([
    TAGLINE,
    '',
    'Usage:',
    ...twoColumns(
      [
        ...rows,
        ['osspipe COMMAND --help', 'tell all about a command'],
        ['osspipe --help | --version', 'tell this, or the version'],
      ],
      WIDTH,
    ),
    '',
    'Exit codes:',
    ...exitCodes([...EXIT_CODES.keys()]),
    '',
    'Region, endpoint and credentials come from the environment: OSS_REGION, OSS_ENDPOINT,',
    'OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_SESSION_TOKEN.',
  ])
}

/** `osspipe COMMAND --help`. */
export function commandHelp(command: CommandDescription): string {
  const { name, summary, usage, description, groups, examples } = command
  return text([
    `osspipe ${name}: ${summary}`,
    '',
    'Usage:',
    ...usage.map((line) => `  osspipe ${name} ${line}`.trimEnd()),
    ...description.flatMap((paragraph) => ['', ...wrap(paragraph, WIDTH)]),
    ...section(
      'Arguments:',
      command.arguments.map((each) => [each.name, each.summary] as const),
    ),
    ...groups.flatMap(({ title, options }) =>
      section(
        `${title}:`,
        options.map((option) => [optionTerm(option), optionText(option)] as const),
      ),
    ),
    ...(examples.length === 0 ? [] : ['', 'Examples:']),
    ...examples.flatMap(({ text, command }) => [`  # ${text}`, `  ${command}`]),
    '',
    'Exit codes:',
    ...exitCodes(command.exitCodes),
  ])
}

/** `-q, --quiet`, `--part-size SIZE`. */
export function optionTerm({ name, short, value }: OptionDescription): string {
  const letter = short === undefined ? '' : `-${short}, `
  return `${letter}--${name}${value === undefined ? '' : ` ${value.placeholder}`}`
}

/** What an option does, what it may be, its default and its variable. */
export function optionText(option: OptionDescription): string {
  const { summary, value, repeatable, env } = option
  const notes = [
    ...(value?.choices === undefined ? [] : [value.choices.join(', ')]),
    ...(repeatable ? ['may be given several times'] : []),
    ...(option.default === undefined ? [] : [`default: ${option.default}`]),
    ...(env === undefined ? [] : [`variable: ${env}`]),
  ]
  return notes.length === 0 ? summary : `${summary} (${notes.join('; ')})`
}

/** The rows of the exit codes that a command ends with, and of signals. */
function exitCodes(codes: readonly number[]): string[] {
  const rows = codes.map((code) => [String(code), EXIT_CODES.get(code) ?? ''] as const)
  const [signal = '', meaning = ''] = SIGNAL_EXIT.split(': ')
  return twoColumns([...rows, [signal, meaning]], WIDTH)
}

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...twoColumns(rows, WIDTH)]
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
