/** How a command that moves bytes tells how far it has come. */
import type { OptionGroup } from '../description.js'
import { choiceOf } from '../value-parsers.js'

export const PROGRESS = {
  title: 'Progress',
  options: [
    {
      name: 'progress',
      value: choiceOf('MODE', ['auto', 'json', 'none']),
      env: 'OSS_PROGRESS',
      default: 'auto',
      summary: 'on stderr: a line on a terminal, else one every 30 s; or an object every second',
    },
  ],
} as const satisfies OptionGroup
