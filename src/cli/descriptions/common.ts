/** The options that all commands have which talk to the service. */
import type { OptionGroup } from '../description.js'
import { choiceOf, integerFrom, parseDuration, parseText } from '../value-parsers.js'

/** Where the service is, and how it is spoken to. Credentials are never options: anyone sees those. */
export const CONNECTION = {
  title: 'Connection',
  options: [
    {
      name: 'region',
      value: { placeholder: 'REGION', parse: parseText },
      env: 'OSS_REGION',
      envReader: 'library',
      summary: 'region of the bucket, such as cn-hangzhou',
    },
    {
      name: 'endpoint',
      value: { placeholder: 'URL', parse: parseText },
      env: 'OSS_ENDPOINT',
      envReader: 'library',
      summary: 'host of the service, if not the public one of the region',
    },
    {
      name: 'internal',
      env: 'OSS_INTERNAL',
      summary: 'use the endpoint inside Alibaba Cloud',
    },
    { name: 'dual-stack', env: 'OSS_DUAL_STACK', summary: 'use the endpoint that has IPv6, too' },
    { name: 'accelerate', env: 'OSS_ACCELERATE', summary: 'use transfer acceleration' },
    { name: 'cname', env: 'OSS_CNAME', summary: 'the endpoint is a domain bound to the bucket' },
    { name: 'path-style', env: 'OSS_PATH_STYLE', summary: 'put the bucket into the path' },
    {
      name: 'no-secure',
      env: 'OSS_NO_SECURE',
      summary: 'plain HTTP for an endpoint without a scheme',
    },
    {
      name: 'signature-version',
      value: choiceOf('VERSION', ['v4', 'v1']),
      env: 'OSS_SIGNATURE_VERSION',
      default: 'v4',
      summary: 'how requests are signed',
    },
    {
      name: 'max-attempts',
      value: { placeholder: 'N', parse: integerFrom(1) },
      env: 'OSS_MAX_ATTEMPTS',
      default: '5',
      summary: 'attempts of a request, 1 or more, the first included',
    },
    {
      name: 'max-elapsed',
      value: { placeholder: 'TIME', parse: parseDuration },
      env: 'OSS_MAX_ELAPSED',
      default: '10m',
      summary: 'no attempt begins later than this after the first',
    },
    {
      name: 'connect-timeout',
      value: { placeholder: 'TIME', parse: parseDuration },
      env: 'OSS_CONNECT_TIMEOUT',
      default: '10s',
      summary: 'wait for a connection',
    },
    {
      name: 'stall-timeout',
      value: { placeholder: 'TIME', parse: parseDuration },
      env: 'OSS_STALL_TIMEOUT',
      default: '30s',
      summary: 'wait without progress, sending or receiving',
    },
    {
      name: 'response-timeout',
      value: { placeholder: 'TIME', parse: parseDuration },
      env: 'OSS_RESPONSE_TIMEOUT',
      default: '60s',
      summary: 'wait for an answer after the last byte',
    },
  ],
} as const satisfies OptionGroup

/** How a command tells what it did. */
export const OUTPUT = {
  title: 'Output',
  options: [
    { name: 'json', env: 'OSS_JSON', summary: 'one result object on stdout, of a failure, too' },
    { name: 'quiet', short: 'q', env: 'OSS_QUIET', summary: 'say nothing on stderr but errors' },
    { name: 'verbose', short: 'v', env: 'OSS_VERBOSE', summary: 'tell every retry and more' },
  ],
} as const satisfies OptionGroup

/** Help, as every command has it; the parser looks for it before anything else. */
export const HELP = {
  title: 'Help',
  options: [{ name: 'help', short: 'h', summary: 'tell all about this command' }],
} as const satisfies OptionGroup
