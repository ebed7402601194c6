import type { CommandDescription } from '../description.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'

export const UPLOADS = {
  name: 'uploads',
  summary: 'list unfinished uploads, whose parts are billed',
  usage: ['[options] oss://BUCKET[/PREFIX]'],
  description: [
    'A line an upload: when it was begun, its id, the key it is for. One that is under way now looks like any other.',
  ],
  arguments: [{ name: 'PREFIX', summary: 'oss://BUCKET, or the beginning of the keys in it' }],
  operands: [1, 1],
  groups: [
    {
      title: 'List',
      options: [
        { name: 'parts', summary: 'ask each for its parts, and tell how many bytes they are' },
      ],
    },
    OUTPUT,
    CONNECTION,
    HELP,
  ],
  examples: [
    {
      text: 'what is left in a bucket, and how much',
      command: 'osspipe uploads --parts oss://backups',
    },
  ],
  exitCodes: [0, 1, 2, 6],
} as const satisfies CommandDescription
