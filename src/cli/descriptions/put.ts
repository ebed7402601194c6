import type { CommandDescription, OptionGroup } from '../description.js'
import { choiceOf, integerOrAuto, parseSize, parseText } from '../value-parsers.js'
import { CONNECTION, HELP, OUTPUT } from './common.js'
import { OBJECT } from './object.js'
import { PROGRESS } from './progress.js'

const SIZE = { placeholder: 'SIZE', parse: parseSize } as const

const GUARDS = {
  title: 'Never publish half of it',
  options: [
    {
      name: 'min-size',
      value: SIZE,
      env: 'OSS_MIN_SIZE',
      summary: 'publish nothing if less comes from the source',
    },
    {
      name: 'expect-trailer',
      value: { placeholder: 'TEXT', parse: parseText },
      env: 'OSS_EXPECT_TRAILER',
      summary: 'publish nothing unless TEXT stands in the last 4 KiB of the source',
    },
    {
      name: 'expected-size',
      value: SIZE,
      env: 'OSS_EXPECTED_SIZE',
      default: 'the size of FILE',
      summary: 'plans the parts, and makes an ETA possible',
    },
    {
      name: 'exact-size',
      env: 'OSS_EXACT_SIZE',
      summary: 'publish nothing unless exactly --expected-size comes',
    },
    {
      name: 'expect-sha256',
      value: { placeholder: 'HEX', parse: parseText },
      env: 'OSS_EXPECT_SHA256',
      summary: 'publish nothing unless this is the SHA-256 of what is stored',
    },
    {
      name: 'expect-md5',
      value: { placeholder: 'HEX', parse: parseText },
      env: 'OSS_EXPECT_MD5',
      summary: 'the same with MD5',
    },
    {
      name: 'expect-crc64',
      value: { placeholder: 'N', parse: parseText },
      env: 'OSS_EXPECT_CRC64',
      summary: 'the same with CRC-64, in decimal',
    },
    {
      name: 'sha256',
      env: 'OSS_SHA256',
      summary: 'print the SHA-256 of what is stored on stdout, as sha256sum does',
    },
    {
      name: 'integrity',
      value: choiceOf('DIGESTS', ['md5', 'md5+crc64', 'crc64', 'none']),
      env: 'OSS_INTEGRITY',
      default: 'md5',
      summary: 'digests of the parts that are computed here',
    },
    {
      name: 'on-mismatch',
      value: choiceOf('WHAT', ['keep', 'delete']),
      env: 'OSS_ON_MISMATCH',
      default: 'keep',
      summary: 'what becomes of an object that was published damaged',
    },
  ],
} as const satisfies OptionGroup

const TRANSFER = {
  title: 'Transfer',
  options: [
    {
      name: 'compress',
      short: 'z',
      value: choiceOf('METHOD', ['gzip', 'zstd', 'br']),
      env: 'OSS_COMPRESS',
      summary: 'compress on the way; key and headers stay as they are',
    },
    {
      name: 'part-size',
      value: SIZE,
      env: 'OSS_PART_SIZE',
      default: '8MiB, or what the expected size needs',
      summary: 'size of the first parts, 100KiB to 5GiB',
    },
    {
      name: 'concurrency',
      short: 'c',
      value: { placeholder: 'N', parse: integerOrAuto(1, 1000) },
      env: 'OSS_CONCURRENCY',
      default: '4',
      summary: 'most requests at once; auto finds out what is fast',
    },
    {
      name: 'max-memory',
      value: SIZE,
      env: 'OSS_MAX_MEMORY',
      default: '256MiB',
      summary: 'most bytes in part buffers',
    },
    {
      name: 'checkpoint',
      value: { placeholder: 'PATH', parse: parseText, completes: 'file' },
      env: 'OSS_CHECKPOINT',
      summary: 'remember the upload in PATH: run again, it goes on where it was cut off',
    },
    {
      name: 'leave-parts-on-error',
      env: 'OSS_LEAVE_PARTS_ON_ERROR',
      summary: 'keep the parts of an upload that fails; they are billed',
    },
    {
      name: 'no-marker',
      env: 'OSS_NO_MARKER',
      summary: 'do not store x-oss-meta-osspipe-upload with the object',
    },
  ],
} as const satisfies OptionGroup

export const PUT = {
  name: 'put',
  summary: 'upload standard input, a file, or the output of a command',
  usage: [
    '[options] - oss://BUCKET/KEY',
    '[options] FILE oss://BUCKET/KEY',
    '[options] oss://BUCKET/KEY -- COMMAND [ARG...]',
  ],
  description: [
    'Publishes all of it or nothing. With a COMMAND nothing is published unless that exits with 0. A pipe cannot tell a producer that died from one that is done: `pg_dump app | osspipe put - …` publishes what came, unless --expect-trailer, --min-size or --exact-size say better; `set -o pipefail` only makes the failure visible.',
    '`osspipe oss://BUCKET/KEY` is short for `osspipe put - oss://BUCKET/KEY`. A KEY that ends with / gets the name of FILE.',
    'SIGINT, SIGTERM and SIGHUP clean up in at most 10 s; a second signal ends at once, and tells how to remove what is left.',
  ],
  arguments: [
    {
      name: 'SOURCE',
      summary:
        'file to upload, or - for standard input, which must be neither a terminal nor closed',
      completes: 'file',
    },
    { name: 'TARGET', summary: 'oss://BUCKET/KEY; the key is taken literally' },
  ],
  operands: [1, 2],
  takesChild: true,
  groups: [TRANSFER, GUARDS, OBJECT, PROGRESS, OUTPUT, CONNECTION, HELP],
  examples: [
    {
      text: 'a dump that is published only if pg_dump succeeds',
      command: 'osspipe put -z gzip oss://backups/app.sql.gz -- pg_dump app',
    },
    {
      text: 'from a pipe, where the last line tells that it is whole',
      command:
        "pg_dump app | osspipe put --expect-trailer 'PostgreSQL database dump complete' - oss://backups/app.sql",
    },
    {
      text: 'a large file; run again after a crash, it sends only what is missing',
      command: 'osspipe put --checkpoint /var/tmp/film.osspipe film.mp4 oss://media/film.mp4',
    },
    {
      text: 'from cron: nothing but errors, and never over an older backup',
      command: 'tar -c /etc | osspipe put -q --no-clobber - "oss://backups/etc-$(date +%F).tar"',
    },
    {
      text: 'for a script',
      command: 'osspipe put --json FILE oss://backups/FILE | jq -r .etag',
    },
  ],
  exitCodes: [0, 1, 2, 3, 4, 5, 6, 7],
} as const satisfies CommandDescription
