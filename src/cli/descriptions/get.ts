import type { CommandDescription, OptionGroup } from '../description.js'
import { choiceOf, integerFrom, parseSize, parseText } from '../value-parsers.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'
import { PROGRESS } from './progress.js'

const SIZE = { placeholder: 'SIZE', parse: parseSize } as const

const TRANSFER = {
  title: 'Transfer',
  options: [
    {
      name: 'decompress',
      short: 'z',
      value: choiceOf('METHOD', ['gzip', 'zstd', 'br']),
      env: 'OSS_DECOMPRESS',
      summary: 'decompress on the way',
    },
    { name: 'start', value: SIZE, summary: 'first byte to read, counted from 0' },
    { name: 'end', value: SIZE, summary: 'last byte to read, inclusive' },
    {
      name: 'part-size',
      value: SIZE,
      env: 'OSS_PART_SIZE',
      default: '8MiB',
      summary: 'bytes of each ranged request',
    },
    {
      name: 'concurrency',
      short: 'c',
      value: { placeholder: 'N', parse: integerFrom(1, 1000) },
      env: 'OSS_CONCURRENCY',
      default: '4',
      summary: 'most requests at once',
    },
    {
      name: 'max-memory',
      value: SIZE,
      env: 'OSS_MAX_MEMORY',
      default: '64MiB',
      summary: 'most bytes read ahead of the output',
    },
  ],
} as const satisfies OptionGroup

const GUARDS = {
  title: 'Never take something else for it',
  options: [
    { name: 'no-clobber', summary: 'fail if FILE exists', env: 'OSS_NO_CLOBBER' },
    {
      name: 'no-verify',
      env: 'OSS_NO_VERIFY',
      summary: "do not compare the bytes with the service's CRC-64 and the stored SHA-256",
    },
    {
      name: 'expect-sha256',
      value: { placeholder: 'HEX', parse: parseText },
      env: 'OSS_EXPECT_SHA256',
      summary: 'fail unless this is the SHA-256 of what is read',
    },
    {
      name: 'expect-md5',
      value: { placeholder: 'HEX', parse: parseText },
      env: 'OSS_EXPECT_MD5',
      summary: 'the same with MD5',
    },
    {
      name: 'if-match',
      value: { placeholder: 'ETAG', parse: parseText },
      summary: 'fail unless the object has this ETag',
    },
    {
      name: 'version-id',
      value: { placeholder: 'ID', parse: parseText },
      summary: 'read this version of the object',
    },
  ],
} as const satisfies OptionGroup

export const GET = {
  name: 'get',
  summary: 'read an object back, verified',
  usage: ['[options] oss://BUCKET/KEY [FILE|DIRECTORY|-]'],
  description: [
    'Writes beside FILE and renames when all is there and verified: never half a file under its name. Without FILE it is called as the key ends. With - everything goes to standard output as it comes, and only the exit code tells that it was whole.',
    'A connection that breaks is resumed where it broke; an object that is replaced meanwhile is a failure, never a mixture.',
  ],
  arguments: [
    { name: 'OBJECT', summary: 'oss://BUCKET/KEY; the key is taken literally' },
    { name: 'FILE', summary: 'where to, or - for standard output', completes: 'file' },
  ],
  operands: [1, 2],
  givesBytes: (line) => line.includes('-'),
  groups: [TRANSFER, GUARDS, PROGRESS, OUTPUT, CONNECTION, HELP],
  examples: [
    {
      text: 'restore a dump once it is verified: through a pipe, psql would commit half of one',
      command:
        'osspipe get -z gzip oss://backups/app.sql.gz app.sql && psql -v ON_ERROR_STOP=1 -1 -f app.sql app',
    },
    { text: 'a file of the same name here', command: 'osspipe get oss://media/film.mp4' },
    {
      text: 'the last MiB of 300 MiB',
      command: 'osspipe get --start 299MiB oss://backups/app.sql - | tail -1',
    },
  ],
  exitCodes: [0, 1, 2, 4, 5, 6],
} as const satisfies CommandDescription
