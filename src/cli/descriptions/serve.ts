import type { CommandDescription } from '../description.js'
import { integerFrom, parseText } from '../value-parsers.js'
import { HELP } from './common.js'

export const SERVE = {
  name: 'serve',
  summary: 'run an OSS server for development and tests',
  usage: ['[options]'],
  description: [
    'Serves on this machine until a signal comes, and prints what a client needs as export lines, and then the address.',
  ],
  arguments: [],
  operands: [0, 0],
  groups: [
    {
      title: 'Options',
      options: [
        {
          name: 'port',
          value: { placeholder: 'N', parse: integerFrom(0, 65_535) },
          default: 'any free one',
          summary: 'port to listen on',
        },
        {
          name: 'host',
          value: { placeholder: 'ADDRESS', parse: parseText },
          default: '127.0.0.1',
          summary: 'address to bind',
        },
        {
          name: 'bucket',
          value: { placeholder: 'NAME', parse: parseText },
          repeatable: true,
          summary: 'bucket to create',
        },
        {
          name: 'data',
          value: { placeholder: 'DIR', parse: parseText, completes: 'directory' },
          default: 'in memory; needs the package memfs',
          summary:
            'keep everything in DIR, a folder of its own: new, empty, or one that it has made',
        },
        {
          name: 'region',
          value: { placeholder: 'REGION', parse: parseText },
          default: 'cn-hangzhou',
          summary: 'region to be',
        },
        {
          name: 'access-key-id',
          value: { placeholder: 'ID', parse: parseText },
          default: 'one made up, printed',
          summary: 'key pair to accept; those of the environment are not used',
        },
        {
          name: 'access-key-secret',
          value: { placeholder: 'SECRET', parse: parseText },
          summary: 'its secret',
        },
      ],
    },
    HELP,
  ],
  examples: [
    {
      text: 'a server with one bucket, and an upload to it from a second shell',
      command: 'osspipe serve --port 9000 --bucket demo',
    },
    {
      text: 'keep everything for the next time',
      command: 'osspipe serve --data ./oss --bucket demo',
    },
  ],
  exitCodes: [0, 1, 2],
} as const satisfies CommandDescription
