import type { CommandDescription } from '../description.js'
import { parseDuration, parseText } from '../value-parsers.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'

export const CLEAN = {
  name: 'clean',
  summary: 'end unfinished uploads, and so remove their parts',
  usage: [
    '[options] --older-than AGE oss://BUCKET[/PREFIX]',
    '[options] --upload-id ID oss://BUCKET/KEY',
  ],
  description: [
    'Ends uploads that were begun longer ago than AGE, or the one named. There is no default age, since an upload of somebody that is under way looks like any other. Objects are never touched.',
    'A lifecycle rule of the bucket (AbortMultipartUpload) does the same once a day; `osspipe check` tells whether there is one.',
  ],
  arguments: [
    {
      name: 'PREFIX',
      summary: 'oss://BUCKET, or the beginning of the keys in it; with --upload-id the key',
    },
  ],
  operands: [1, 1],
  groups: [
    {
      title: 'Which',
      options: [
        {
          name: 'older-than',
          value: { placeholder: 'AGE', parse: parseDuration },
          summary: 'uploads begun longer ago, such as 1d or 12h',
        },
        {
          name: 'upload-id',
          value: { placeholder: 'ID', parse: parseText },
          summary: 'the one upload of this id; it is no failure if it has ended already',
        },
        { name: 'dry-run', summary: 'tell what would be ended, and end nothing' },
      ],
    },
    OUTPUT,
    CONNECTION,
    HELP,
  ],
  examples: [
    {
      text: 'what is older than a day; first a look',
      command: 'osspipe clean --older-than 1d --dry-run oss://backups',
    },
    { text: 'then in earnest', command: 'osspipe clean --older-than 1d oss://backups' },
  ],
  exitCodes: [0, 1, 2, 3, 6],
} as const satisfies CommandDescription
