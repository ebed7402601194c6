/** Refuses options that a server would not understand, or would understand only once it runs. */

import { promises as nodeFs } from 'node:fs'
import { InvalidOptionError } from '../errors.js'
import { checkBucketName } from '../protocol/endpoint.js'
import { plainObject, refuseUnknown } from '../unknown-option.js'

const SERVER_OPTIONS = [
  ...['port', 'host', 'region', 'buckets', 'dataDir', 'fs', 'credentials', 'now'],
  ...['cnames', 'hosts', 'stallMs', 'onError'],
]

/** The longest that a timer of Node can wait, in milliseconds. */
export const MAX_MS = 2 ** 31 - 1

/** A thousand years: added to what a clock says it is still a date. */
const MAX_TOKEN_MS = 1000 * 365 * 86_400_000

/** Throws an InvalidOptionError for the first option of a server that is unknown or of a wrong kind. */
export function checkServerOptions(options: unknown): void {
  const given = plainObject(options, 'options')
  refuseUnknown(given, SERVER_OPTIONS, 'createOssServer()')
  for (const [option, expected, test] of CHECKS) {
    const value = given[option]
    if (value !== undefined && !test(value)) {
      throw InvalidOptionError.expected(option, expected, value)
    }
  }
  checkCredentials(given.credentials)
  const { cnames, fs, dataDir } = given
  if (cnames !== undefined) {
    for (const bucket of Object.values(plainObject(cnames, 'cnames'))) {
      checkBucketName(bucket, 'cnames')
    }
  }
  if (dataDir === undefined && isFs(fs) && fs.promises === nodeFs) {
    throw InvalidOptionError.expected('dataDir', 'a folder, as `fs` is node:fs', dataDir)
  }
}

type Check = readonly [option: string, expected: string, test: (value: unknown) => boolean]

const CHECKS: readonly Check[] = [
  ['port', 'an integer from 0 to 65535', (port) => isInteger(port, 0, 65_535)],
  ['host', 'an address or a name', isText],
  ['dataDir', 'the path of a folder', (dir) => isText(dir) && /^[^\0]+$/.test(dir)],
  ['fs', 'a file system with `promises`, such as node:fs', isFs],
  ['buckets', 'an array of names', Array.isArray],
  ['credentials', 'an array of key pairs', Array.isArray],
  ['now', 'a function', isFunction],
  ['hosts', 'an array of names', (hosts) => Array.isArray(hosts) && hosts.every(isText)],
  ['stallMs', `an integer from 1 to ${MAX_MS}`, (ms) => isInteger(ms, 1, MAX_MS)],
  ['onError', 'a function', isFunction],
]

/** Throws an InvalidOptionError unless a token may last so long; one of 0 or less has expired. */
export function checkTokenDuration(durationMs: unknown): void {
  if (typeof durationMs === 'number' && Math.abs(durationMs) <= MAX_TOKEN_MS) return
  const expected = `milliseconds, to ${MAX_TOKEN_MS} of them`
  throw InvalidOptionError.expected('durationMs', expected, durationMs)
}

/** Never shows what it got: it may be a secret. */
function checkCredentials(pairs: unknown): void {
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    const { accessKeyId, accessKeySecret, securityToken = 'none' } = Object(pair)
    if ([accessKeyId, accessKeySecret, securityToken].every(isText)) continue
    throw new InvalidOptionError(
      'credentials',
      'Expected `credentials` to be pairs of an `accessKeyId` and an `accessKeySecret`, texts that are not empty',
    )
  }
}

/** Whether a value is a text that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Whether a value is an integer of that range. */
export function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function isFs(value: unknown): value is { promises: object } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'promises' in value &&
    typeof value.promises === 'object' &&
    value.promises !== null
  )
}
