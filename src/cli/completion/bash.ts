/** The completion script of bash. Pure. */
import { type CommandDescription, type OptionDescription, optionsOf } from '../description.js'

export function bashCompletion(commands: readonly CommandDescription[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  return `# bash completion of osspipe
_osspipe() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(commandCase).join('\n')}
  esac
}
complete -o filenames -F _osspipe osspipe
`
}

function commandCase(command: CommandDescription): string {
  const options = optionsOf(command)
  const valued = options.flatMap((option) => {
    const reply = replyFor(option)
    const names = [`--${option.name}`, ...(option.short === undefined ? [] : [`-${option.short}`])]
    return reply === undefined ? [] : [`        ${names.join('|')}) ${reply} ;;`]
  })
  const words = options.map(({ name }) => `--${name}`).join(' ')
  const choices = command.arguments.flatMap((each) => each.choices ?? []).join(' ')
  const operand =
    choices === ''
      ? 'COMPREPLY=($(compgen -f -- "$cur"))'
      : `COMPREPLY=($(compgen -W '${choices}' -- "$cur"))`
  return `    ${command.name})
      case $prev in
${[...valued, '        *) ;;'].join('\n')}
      esac
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${words}' -- "$cur"))
      else ${operand}; fi ;;`
}

function replyFor({ value }: OptionDescription): string | undefined {
  if (value === undefined) return undefined
  if (value.choices !== undefined) {
    return `COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$cur")); return`
  }
  if (value.completes === undefined) return 'return'
  const kind = value.completes === 'file' ? '-f' : '-d'
  return `COMPREPLY=($(compgen ${kind} -- "$cur")); return`
}
