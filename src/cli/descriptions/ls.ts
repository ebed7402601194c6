import type { CommandDescription } from '../description.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'

export const LS = {
  name: 'ls',
  summary: 'list objects',
  usage: ['[options] oss://BUCKET[/PREFIX]'],
  description: [
    'A line an object: when it was last modified, its size in bytes, its name. Keys are folded at the first / behind the PREFIX, as folders are, unless --recursive is given.',
    'A PREFIX is any beginning of a key: `oss://backups/app` lists app.sql, too.',
  ],
  arguments: [{ name: 'PREFIX', summary: 'oss://BUCKET, or the beginning of the keys in it' }],
  operands: [1, 1],
  groups: [
    {
      title: 'List',
      options: [{ name: 'recursive', short: 'r', summary: 'list what is in folders, too' }],
    },
    OUTPUT,
    CONNECTION,
    HELP,
  ],
  examples: [
    { text: 'the backups of November', command: 'osspipe ls oss://backups/app/2026-11' },
    {
      text: 'the name of the newest of all, for a script',
      command:
        "osspipe ls -r --json oss://backups | jq -r '.objects | max_by(.lastModified) | .key'",
    },
  ],
  exitCodes: [0, 1, 2, 6],
} as const satisfies CommandDescription
