/**
 * Refuses what a fault script would not understand: a misspelt fault never strikes, and the test
 * that relies on it passes for nothing.
 */

import { validateHeaderName, validateHeaderValue } from 'node:http'
import { InvalidOptionError } from '../errors.js'
import { OPERATIONS, type Operation, type OperationName } from '../protocol/operations.js'
import { nearestName, plainObject, refuseUnknown } from '../unknown-option.js'
import { isInteger, isText, MAX_MS } from './check-options.js'

type Check = readonly [expected: string, test: (value: unknown) => boolean]
type Checks = Readonly<Record<string, Check>>

const TEXT: Check = ['a text', isText]
const HEADERS: Check = ['headers, by name', areHeaders]
const DURATION: Check = [`milliseconds from 0 to ${MAX_MS}`, isDuration]
const COUNT: Check = ['an integer from 0', (count) => isInteger(count, 0, Number.MAX_SAFE_INTEGER)]
const STATUS: Check = ['an integer from 200 to 599', (status) => isInteger(status, 200, 599)]

const MATCH: Checks = {
  operation: ['the names of operations', areOperations],
  bucket: TEXT,
  key: TEXT,
  partNumber: ['an integer from 1 to 10000', (number) => isInteger(number, 1, 10_000)],
  uploadId: TEXT,
  skip: COUNT,
  times: [
    'an integer from 1, or Infinity',
    (times) => times === Infinity || isInteger(times, 1, Number.MAX_SAFE_INTEGER),
  ],
}

/** The fields of each kind of action, under the field that tells the kind; a raw answer's first. */
const ACTIONS: Readonly<Record<string, Checks>> = {
  body: {
    body: ['a text or bytes', (body) => typeof body === 'string' || body instanceof Uint8Array],
    status: STATUS,
    headers: HEADERS,
    process: ['a boolean', (process) => typeof process === 'boolean'],
  },
  status: {
    status: STATUS,
    code: TEXT,
    message: TEXT,
    ec: TEXT,
    headers: HEADERS,
    when: oneOf('before-body', 'after-body'),
  },
  reset: { reset: oneOf('before-body', 'mid-body', 'after-body') },
  drop: { drop: oneOf('answer') },
  delayMs: { delayMs: DURATION },
  hold: { hold: oneOf('arrival', 'before-answer') },
  corrupt: { corrupt: oneOf('received', 'stored', 'etag', 'crc64') },
  dropHeader: { dropHeader: ['the name of a header', isHeaderName] },
  setHeader: { setHeader: ['headers, by name, at least one', isSomeHeaders] },
  drip: { drip: ['an object such as `{ bytes: 1, everyMs: 1 }`', isDrip] },
  breakAfter: { breakAfter: COUNT },
  expireToken: { expireToken: oneOf(true) },
  skewMs: { skewMs: ['milliseconds, ahead or (if negative) behind', Number.isFinite] },
}

/** Which operations have what a match may ask for. */
const SUBJECTS: Readonly<Record<string, (operation: Operation) => boolean>> = {
  bucket: ({ scope }) => scope !== 'service',
  key: ({ scope }) => scope === 'object',
  partNumber: ({ query }) => query.includes('partNumber'),
  uploadId: ({ query }) => query.includes('uploadId'),
}

/** The operations whose body becomes bytes at rest. */
const STORING: readonly OperationName[] = ['PutObject', 'AppendObject', 'UploadPart']

/** The operations whose requests have a body. */
const SENDING: readonly OperationName[] = [
  ...STORING,
  'CompleteMultipartUpload',
  'DeleteMultipleObjects',
  'PutBucket',
  'PutBucketLifecycle',
  'PutObjectTagging',
]

/** Throws an InvalidOptionError for a fault that could never strike, or would do nothing. */
export function checkFault(match: unknown, action: unknown): void {
  const asked = plainObject(match, 'match')
  checkFields(asked, MATCH, 'the match of a fault')
  checkSubject(asked)
  const given = plainObject(action, 'action')
  const fields = Object.entries(ACTIONS).find(([kind]) => given[kind] !== undefined)?.[1]
  if (fields === undefined) {
    const known = Object.values(ACTIONS).flatMap((checks) => Object.keys(checks))
    refuseUnknown(given, known, 'a fault')
    throw InvalidOptionError.expected('action', 'what shall go wrong', 'nothing')
  }
  checkFields(given, fields, 'a fault')
  if (fields === ACTIONS.body && given.status === undefined) {
    throw InvalidOptionError.expected('status', STATUS[0], undefined)
  }
  checkCorruption(given.corrupt, operationsOf(asked))
}

/** A byte that is not there cannot be damaged. */
function checkCorruption(corrupt: unknown, names: readonly OperationName[]): void {
  const [able, what] =
    corrupt === 'stored' ? [STORING, 'stores no bytes'] : [SENDING, 'sends no body']
  if (corrupt !== 'stored' && corrupt !== 'received') return
  if (names.some((name) => able.includes(name))) return
  const expected = `something else, as ${listed(names)} ${what}`
  throw InvalidOptionError.expected('corrupt', expected, corrupt)
}

/** A match that asks for the part of a PutObject is one that no request agrees with. */
function checkSubject(match: Readonly<Record<string, unknown>>): void {
  const names = operationsOf(match)
  for (const [field, has] of Object.entries(SUBJECTS)) {
    if (match[field] === undefined || names.some((name) => has(OPERATIONS[name]))) continue
    throw InvalidOptionError.expected(field, `left out, as ${listed(names)} has none`, match[field])
  }
}

/** The operations that a checked match is for. */
function operationsOf({ operation }: Readonly<Record<string, unknown>>): OperationName[] {
  const known = Object.keys(OPERATIONS) as OperationName[]
  return operation === undefined ? known : known.filter((name) => [operation].flat().includes(name))
}

function listed(names: readonly OperationName[]): string {
  return names.join(' or ')
}

function checkFields(given: Readonly<Record<string, unknown>>, checks: Checks, where: string) {
  refuseUnknown(given, Object.keys(checks), where)
  for (const [name, [expected, test]] of Object.entries(checks)) {
    const value = given[name]
    if (value === undefined || test(value)) continue
    throw InvalidOptionError.expected(name, expected, value)
  }
}

/** Throws by itself for a name that is none, to tell the one that was probably meant. */
function areOperations(given: unknown): boolean {
  const names = [given].flat()
  for (const name of names) {
    if (typeof name === 'string' && Object.hasOwn(OPERATIONS, name)) continue
    const nearest = nearestName(String(name), Object.keys(OPERATIONS))
    const hint = nearest === undefined ? '' : ` such as \`${nearest}\``
    throw InvalidOptionError.expected('operation', `the name of an operation${hint}`, name)
  }
  return names.length > 0
}

function oneOf(...values: readonly unknown[]): Check {
  return [values.map((value) => `\`${value}\``).join(' or '), (value) => values.includes(value)]
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= MAX_MS
}

function isDrip(value: unknown): boolean {
  const { bytes = 1, everyMs = 0, ...others } = plainObject(value, 'drip')
  refuseUnknown(others, ['bytes', 'everyMs'], 'a drip')
  return isInteger(bytes, 1, Number.MAX_SAFE_INTEGER) && isDuration(everyMs)
}

function areHeaders(value: unknown): boolean {
  return Object.entries(plainObject(value, 'headers')).every(([name, text]) => {
    if (typeof text !== 'string' || !isHeaderName(name)) return false
    return passes(() => validateHeaderValue(name, text))
  })
}

function isSomeHeaders(value: unknown): boolean {
  return areHeaders(value) && Object.keys(plainObject(value, 'headers')).length > 0
}

function isHeaderName(value: unknown): boolean {
  return typeof value === 'string' && passes(() => validateHeaderName(value))
}

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}
