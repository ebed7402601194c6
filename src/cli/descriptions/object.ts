/** What an object is stored with. */
import type { OptionGroup } from '../description.js'
import { choiceOf, integerFrom, parsePair, parseText } from '../value-parsers.js'

const TEXT = { placeholder: 'TEXT', parse: parseText } as const

export const OBJECT = {
  title: 'Object',
  options: [
    {
      name: 'content-type',
      value: { placeholder: 'TYPE', parse: parseText },
      env: 'OSS_CONTENT_TYPE',
      default: 'guessed from the key',
      summary: 'its media type',
    },
    { name: 'cache-control', value: TEXT, env: 'OSS_CACHE_CONTROL', summary: 'as in HTTP' },
    {
      name: 'content-disposition',
      value: TEXT,
      env: 'OSS_CONTENT_DISPOSITION',
      summary: 'as in HTTP',
    },
    { name: 'content-encoding', value: TEXT, env: 'OSS_CONTENT_ENCODING', summary: 'as in HTTP' },
    { name: 'expires', value: TEXT, env: 'OSS_EXPIRES', summary: 'as in HTTP' },
    {
      name: 'meta',
      value: { placeholder: 'NAME=VALUE', parse: parsePair },
      repeatable: true,
      env: 'OSS_META',
      summary: 'user metadata',
    },
    {
      name: 'header',
      value: { placeholder: 'NAME=VALUE', parse: parsePair },
      repeatable: true,
      env: 'OSS_HEADER',
      summary: 'any further header',
    },
    {
      name: 'tag',
      value: { placeholder: 'NAME=VALUE', parse: parsePair },
      repeatable: true,
      env: 'OSS_TAG',
      summary: 'tag; at most 10',
    },
    {
      name: 'acl',
      value: choiceOf('ACL', ['default', 'private', 'public-read', 'public-read-write']),
      env: 'OSS_ACL',
      summary: 'who may do what',
    },
    {
      name: 'storage-class',
      value: choiceOf('CLASS', ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']),
      env: 'OSS_STORAGE_CLASS',
      default: "the bucket's",
      summary: 'how it is stored',
    },
    {
      name: 'sse',
      value: choiceOf('METHOD', ['AES256', 'KMS', 'SM4']),
      env: 'OSS_SSE',
      summary: 'encryption at the service',
    },
    {
      name: 'sse-kms-key-id',
      value: { placeholder: 'ID', parse: parseText },
      env: 'OSS_SSE_KMS_KEY_ID',
      summary: 'key of --sse KMS',
    },
    {
      name: 'traffic-limit',
      value: { placeholder: 'N', parse: integerFrom(1) },
      env: 'OSS_TRAFFIC_LIMIT',
      summary: 'bit/s of each request, 819200 to 838860800',
    },
    {
      name: 'no-clobber',
      env: 'OSS_NO_CLOBBER',
      summary: 'fail if the object exists; the service itself sees to it, so no race can pass',
    },
  ],
} as const satisfies OptionGroup
