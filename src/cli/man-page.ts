/** The manual page in roff, made from the descriptions. Pure. */
import type { CommandDescription } from './description.js'
import { EXIT_CODES, SIGNAL_EXIT } from './exit-codes.js'
import { optionTerm, optionText } from './help.js'

export function manPage(commands: readonly CommandDescription[]): string {
  const [signal = '', meaning = ''] = SIGNAL_EXIT.split(': ')
  const lines = [
    '.TH OSSPIPE 1 "" osspipe "User Commands"',
    '.SH NAME',
    escaped('osspipe - stream into and out of Alibaba Cloud OSS, whole or not at all'),
    '.SH SYNOPSIS',
    ...commands.flatMap(({ name, usage }) =>
      usage.flatMap((line) => [
        '.br',
        `\\fBosspipe ${escaped(name)}\\fR ${escaped(line)}`.trimEnd(),
      ]),
    ),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH EXIT STATUS',
    ...[...EXIT_CODES].flatMap(([code, text]) => term(String(code), text)),
    ...term(signal, meaning),
    '.SH ENVIRONMENT',
    ...term('OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_SESSION_TOKEN', 'the credentials'),
    ...term('OSS_REGION, OSS_ENDPOINT', 'where the service is, unless options say it'),
    '.PP',
    'Many options have a variable of their own, told beside them; an option wins over its variable.',
  ]
  return `${lines.join('\n')}\n`
}

function commandSection(command: CommandDescription): string[] {
  return [
    `.SS ${escaped(`osspipe ${command.name}`)}`,
    escaped(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`),
    ...command.description.flatMap((paragraph) => ['.PP', escaped(paragraph)]),
    ...command.arguments.flatMap(({ name, summary }) => term(name, summary)),
    ...command.groups.flatMap(({ options }) =>
      options.flatMap((option) => term(optionTerm(option), optionText(option))),
    ),
    ...command.examples.flatMap(({ text, command: line }) => [
      '.PP',
      escaped(`${text.charAt(0).toUpperCase()}${text.slice(1)}:`),
      '.PP',
      '.nf',
      `.RS\n${escaped(line)}\n.RE`,
      '.fi',
    ]),
  ]
}

function term(name: string, text: string): string[] {
  return ['.TP', `\\fB${escaped(name)}\\fR`, escaped(text)]
}

/** Backslashes, hyphens and a leading control character mean something to roff. */
function escaped(text: string): string {
  const plain = text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  return /^[.']/.test(plain) ? `\\&${plain}` : plain
}
