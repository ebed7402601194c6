import type { CommandDescription } from '../description.js'
import { parseDuration } from '../value-parsers.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'

export const RM = {
  name: 'rm',
  summary: 'delete objects',
  usage: ['[options] oss://BUCKET/KEY...', '[options] --recursive oss://BUCKET/PREFIX'],
  description: [
    'Deletes the objects named, or with --recursive all whose keys begin with PREFIX, which may not be empty. Those named are deleted one by one, in that order, up to the first failure; with --json `deleted` then tells beside `error` which are gone. An object that does not exist is one, unless --force is given: then none is looked for, and as the service does not tell either, each is said to be deleted if it was there (`ifPresent` with --json). With --recursive up to 1000 are deleted by one request; it ends with the first request of which some could not be deleted.',
    'In a bucket with versioning the versions stay. Unfinished uploads are no objects: see `osspipe clean`.',
  ],
  arguments: [{ name: 'OBJECT', summary: 'oss://BUCKET/KEY; the key is taken literally' }],
  operands: [1, 1000],
  groups: [
    {
      title: 'Delete',
      options: [
        { name: 'recursive', short: 'r', summary: 'delete all objects that begin with PREFIX' },
        {
          name: 'older-than',
          value: { placeholder: 'AGE', parse: parseDuration },
          summary: 'with --recursive: only those last modified longer ago, such as 30d',
        },
        { name: 'dry-run', summary: 'tell what would be deleted, and delete nothing' },
        {
          name: 'force',
          short: 'f',
          summary: 'an object that does not exist is no failure; none is looked for',
        },
      ],
    },
    OUTPUT,
    CONNECTION,
    HELP,
  ],
  examples: [
    { text: 'one object', command: 'osspipe rm oss://backups/app.sql' },
    {
      text: 'what is older than 90 days',
      command: 'osspipe rm --recursive --older-than 90d oss://backups/app/',
    },
  ],
  exitCodes: [0, 1, 2, 6],
} as const satisfies CommandDescription
