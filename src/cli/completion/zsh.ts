/** The completion script of zsh. Pure. */
import { type CommandDescription, type OptionDescription, optionsOf } from '../description.js'

export function zshCompletion(commands: readonly CommandDescription[]): string {
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  return `#compdef osspipe
# zsh completion of osspipe
_osspipe() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = _osspipe ]; then _osspipe "$@"; else compdef _osspipe osspipe; fi
`
}

function commandCase(command: CommandDescription): string {
  const specs = optionsOf(command).flatMap(optionSpecs)
  const choices = command.arguments.flatMap((each) => each.choices ?? [])
  const operand = choices.length === 0 ? '*:file:_files' : `*:argument:(${choices.join(' ')})`
  const lines = [...specs, quoted(operand)].map((spec) => `        ${spec}`)
  return `    ${command.name})
      _arguments \\
${lines.join(' \\\n')} ;;`
}

function optionSpecs(option: OptionDescription): string[] {
  const { name, short, value, repeatable, summary } = option
  const text = summary.replace(/[[\]:\\]/g, (character) => `\\${character}`)
  const times = repeatable ? '*' : ''
  const after = value === undefined ? '' : `:${value.placeholder}:${actionOf(option)}`
  const names = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
  return names.map((each) => quoted(`${times}${each}[${text}]${after}`))
}

function actionOf({ value }: OptionDescription): string {
  if (value?.choices !== undefined) return `(${value.choices.join(' ')})`
  if (value?.completes === 'file') return '_files'
  return value?.completes === 'directory' ? '_files -/' : ' '
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
