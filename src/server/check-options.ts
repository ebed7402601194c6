/**
 * Refuses what a server or a fault script would not understand: a misspelt fault never strikes, and
 * the test that relies on it passes for nothing.
 */

import { InvalidOptionError } from '../errors.js'
import { OPERATIONS } from '../protocol/operations.js'
import { nearestName, plainObject, refuseUnknown } from '../unknown-option.js'

const SERVER_OPTIONS = [
  ...['port', 'host', 'region', 'buckets', 'dataDir', 'fs', 'credentials', 'now'],
  ...['cnames', 'hosts', 'stallMs', 'onError'],
]

const MATCH = ['operation', 'bucket', 'key', 'partNumber', 'uploadId', 'skip', 'times']

/** The fields of each kind of action; the first one tells the kind. */
const ACTIONS = [
  ['status', 'code', 'message', 'ec', 'headers', 'when', 'body', 'process'],
  ['reset'],
  ['drop'],
  ['delayMs'],
  ['hold'],
  ['corrupt'],
  ['dropHeader'],
  ['setHeader'],
  ['drip'],
  ['breakAfter'],
  ['expireToken'],
  ['skewMs'],
] as const

/** Throws an InvalidOptionError for the first option of a server that is unknown or of a wrong kind. */
export function checkServerOptions(options: unknown): void {
  const given = plainObject(options, 'options')
  refuseUnknown(given, SERVER_OPTIONS, 'createOssServer()')
  const { port, buckets, credentials, dataDir } = given
  if (port !== undefined && !isPort(port)) {
    throw InvalidOptionError.expected('port', 'an integer from 0 to 65535', port)
  }
  if (dataDir !== undefined && !(typeof dataDir === 'string' && /^[^\0]+$/.test(dataDir))) {
    throw InvalidOptionError.expected('dataDir', 'the path of a folder', dataDir)
  }
  if (buckets !== undefined && !Array.isArray(buckets)) {
    throw InvalidOptionError.expected('buckets', 'an array of names', buckets)
  }
  if (credentials !== undefined && !Array.isArray(credentials)) {
    throw InvalidOptionError.expected('credentials', 'an array of key pairs', credentials)
  }
}

/** Throws an InvalidOptionError for a fault that could never strike, or would do nothing. */
export function checkFault(match: unknown, action: unknown): void {
  const { operation } = refused(match, MATCH, 'match')
  for (const name of [operation ?? []].flat()) {
    if (typeof name === 'string' && Object.hasOwn(OPERATIONS, name)) continue
    const nearest = nearestName(String(name), Object.keys(OPERATIONS))
    const hint = nearest === undefined ? '' : ` such as \`${nearest}\``
    throw InvalidOptionError.expected('operation', `the name of an operation${hint}`, name)
  }
  const given = plainObject(action, 'action')
  const kind = ACTIONS.find(([first]) => first in given)
  if (kind !== undefined) {
    refuseUnknown(given, kind, 'a fault')
    return
  }
  refuseUnknown(given, ACTIONS.flat(), 'a fault')
  throw InvalidOptionError.expected('action', 'what shall go wrong', 'nothing')
}

function refused(value: unknown, known: readonly string[], option: string) {
  const given = plainObject(value, option)
  refuseUnknown(given, known, `the ${option} of a fault`)
  return given
}

function isPort(port: unknown): boolean {
  return typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535
}
