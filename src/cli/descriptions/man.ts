import type { CommandDescription } from '../description.js'
import { HELP } from './common.js'

export const MAN = {
  name: 'man',
  summary: 'print the manual page',
  usage: [''],
  description: ['The same page that the package brings for man(1), in roff.'],
  arguments: [],
  operands: [0, 0],
  groups: [HELP],
  examples: [{ text: 'read it', command: 'osspipe man | man -l -' }],
  exitCodes: [0, 2],
} as const satisfies CommandDescription
