import type { CommandDescription } from '../description.js'
import { HELP } from './common.js'

export const COMPLETION = {
  name: 'completion',
  summary: 'print what completes commands and options in a shell',
  usage: ['bash|zsh|fish'],
  description: [],
  arguments: [
    {
      name: 'SHELL',
      summary: 'bash, zsh or fish',
      completes: 'choices',
      choices: ['bash', 'zsh', 'fish'],
    },
  ],
  operands: [1, 1],
  groups: [HELP],
  examples: [
    {
      text: 'for this bash, and for all later ones',
      command: 'source <(osspipe completion bash)',
    },
    {
      text: 'zsh, where $fpath holds ~/.zfunc',
      command: 'osspipe completion zsh > ~/.zfunc/_osspipe',
    },
    {
      text: 'fish',
      command: 'osspipe completion fish > ~/.config/fish/completions/osspipe.fish',
    },
  ],
  exitCodes: [0, 2],
} as const satisfies CommandDescription
