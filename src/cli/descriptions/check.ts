import type { CommandDescription } from '../description.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'

export const CHECK = {
  name: 'check',
  summary: 'find out whether backups to a bucket can work, and what is missing',
  usage: ['[options] oss://BUCKET[/PREFIX]'],
  description: [
    'Looks at the connection, the credentials, the clock, the permissions one by one, and the lifecycle rules; each line that is not ok says what to do. It puts, reads and deletes a small object of its own below PREFIX, and begins and ends an upload.',
    'What `put` needs and does not have is a failure; what other commands need is a warning.',
  ],
  arguments: [{ name: 'PREFIX', summary: 'oss://BUCKET, or the beginning of the keys in it' }],
  operands: [1, 1],
  groups: [OUTPUT, CONNECTION, HELP],
  examples: [
    { text: 'before the first backup', command: 'osspipe check oss://backups/app/' },
    {
      text: 'what is not ok, for a script',
      command:
        'osspipe check --json oss://backups | jq -r \'.findings[] | select(.status != "ok") | .advice\'',
    },
  ],
  exitCodes: [0, 1, 2, 6],
} as const satisfies CommandDescription
