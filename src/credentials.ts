/**
 * Who signs: credentials as given, from the environment, or from a provider. Checks what it gets,
 * never puts a value it was given into a message, an error's cause or a log.
 */

import type { CancelSignal } from './cancellation.js'
import type { Clock } from './client/clock.js'
import { ProvidedCredentials } from './client/provided-credentials.js'
import { CredentialsError, InvalidOptionError } from './errors.js'
import { nearestName } from './unknown-option.js'

/** Credentials of an Alibaba Cloud account, RAM user or STS session. */
export interface Credentials {
  readonly accessKeyId: string
  /** Never sent: it signs. */
  readonly accessKeySecret: string
  /** Of an STS session; without it the pair is one that does not expire. */
  readonly securityToken?: string | undefined
  /** When they cease to be valid: a date, an ISO 8601 text, or milliseconds since 1970. */
  readonly expiration?: Date | string | number | undefined
}

/** Gives credentials on demand; what it gives is kept until shortly before its expiration. */
export type CredentialsProvider = (context: {
  /** Aborted when nobody waits for the answer any longer. */
  readonly signal?: AbortSignal | undefined
}) => Credentials | Promise<Credentials>

/** Anything with `getCredential()`, such as a client of npm `@alicloud/credentials`; asked each time. */
export interface CredentialClient {
  /** Gives, or promises, an object with the fields of {@link Credentials}; empty texts count as absent. */
  getCredential(): unknown
}

/** What users may pass as `credentials`. `stsToken` is ali-oss's name for `securityToken`. */
export type CredentialsSource =
  | (Credentials & { readonly stsToken?: string | undefined })
  | CredentialsProvider
  | CredentialClient

/** Credentials that have been checked. */
export interface ResolvedCredentials {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

/** Where every attempt gets what it signs with. */
export interface CredentialsCache {
  /** Rejects with a CredentialsError, or with `signal.reason`. */
  get(signal?: CancelSignal): Promise<ResolvedCredentials>
  /**
   * Reports that the service refused these. Returns whether the next `get` may give others; a
   * provider is asked once, however many calls were refused with the same ones.
   */
  reject(used: ResolvedCredentials): boolean
}

export interface CredentialsOptions {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long a provider may take, in milliseconds. @default 60_000 */
  readonly timeoutMs?: number | undefined
}

/**
 * The cache over what the user passed as `credentials`, or over the environment.
 * @throws {InvalidOptionError} for what can be seen to be no credentials, and if there are none.
 */
export function credentialsFrom(
  source: CredentialsSource | undefined,
  options: CredentialsOptions,
): CredentialsCache {
  const { clock, env, timeoutMs = 60_000 } = options
  if (source === undefined) return fixed(fromEnvironment(env))
  if (typeof source === 'function') {
    const ask = async (signal: AbortSignal) => resolve(await source({ signal }))
    return new ProvidedCredentials({ ask, keep: true, clock, timeoutMs })
  }
  if (isClient(source)) {
    const ask = async () => resolve(await source.getCredential())
    return new ProvidedCredentials({ ask, keep: false, clock, timeoutMs })
  }
  const { problem, credentials } = check(source)
  if (credentials !== undefined) return fixed(credentials)
  throw new InvalidOptionError('credentials', `Expected \`credentials\` to ${problem}`)
}

const ENVIRONMENTS = [
  ['OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET', 'OSS_SESSION_TOKEN'],
  [
    'ALIBABA_CLOUD_ACCESS_KEY_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    'ALIBABA_CLOUD_SECURITY_TOKEN',
  ],
] as const

function fromEnvironment(env: CredentialsOptions['env']): ResolvedCredentials {
  for (const [id, secret, token] of ENVIRONMENTS) {
    if (!env[id] && !env[secret]) continue
    const { problem, credentials } = check({
      accessKeyId: env[id],
      accessKeySecret: env[secret],
      securityToken: env[token],
    })
    if (credentials !== undefined) return credentials
    throw new InvalidOptionError(
      'credentials',
      `Expected \`${id}\` and \`${secret}\` in the environment to ${problem}`,
    )
  }
  throw new InvalidOptionError(
    'credentials',
    'Expected `credentials`, or `OSS_ACCESS_KEY_ID` and `OSS_ACCESS_KEY_SECRET` in the environment',
  )
}

function fixed(credentials: ResolvedCredentials): CredentialsCache {
  // One promise for all: each call asks for it at least once.
  const given = Promise.resolve(credentials)
  return {
    get: (signal) => (signal?.aborted ? Promise.reject(signal.reason) : given),
    reject: () => false,
  }
}

function isClient(source: unknown): source is CredentialClient {
  if (typeof source !== 'object' || source === null) return false
  return 'getCredential' in source && typeof source.getCredential === 'function'
}

/** Checks what a provider returned. */
function resolve(value: unknown): ResolvedCredentials {
  const { problem, credentials } = check(value)
  if (credentials !== undefined) return credentials
  throw new CredentialsError(`Expected the credentials provider's answer to ${problem}`)
}

type Checked =
  | { readonly problem: string; readonly credentials?: undefined }
  | { readonly problem?: undefined; readonly credentials: ResolvedCredentials }

/** Either credentials or, as the end of a sentence that stops at "to", what is wrong with them. */
function check(value: unknown): Checked {
  if (typeof value !== 'object' || value === null) {
    return { problem: 'be an object with `accessKeyId` and `accessKeySecret`' }
  }
  const field = (name: string): unknown => Reflect.get(value, name)
  const accessKeyId = field('accessKeyId')
  const accessKeySecret = field('accessKeySecret')
  const misspelt = misspeltName(value)
  if (misspelt !== undefined) return { problem: misspelt }
  // npm @alicloud/credentials leaves an empty text where there is no token.
  const securityToken = field('securityToken') || field('stsToken') || undefined
  const expiration = field('expiration') ?? undefined
  const expiresAt = expiration === undefined ? undefined : timeOf(expiration)
  for (const [name, given] of Object.entries({ accessKeyId, accessKeySecret })) {
    if (given === undefined || given === '') return { problem: `have an \`${name}\`` }
  }
  if (!isSecret(accessKeyId)) return { problem: `have ${SECRET_RULE} as \`accessKeyId\`` }
  if (!isSecret(accessKeySecret)) return { problem: `have ${SECRET_RULE} as \`accessKeySecret\`` }
  if (securityToken !== undefined && !isSecret(securityToken)) {
    return { problem: `have ${SECRET_RULE}, or nothing, as \`securityToken\`` }
  }
  if (Number.isNaN(expiresAt)) {
    return { problem: 'have a date, ISO 8601 text or milliseconds as `expiration`' }
  }
  return {
    credentials: {
      accessKeyId,
      accessKeySecret,
      ...(securityToken === undefined ? {} : { securityToken }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
  }
}

const FIELDS = ['accessKeyId', 'accessKeySecret', 'securityToken', 'stsToken', 'expiration']

/** A token under a name that nobody reads would be found missing by the service only. */
function misspeltName(value: object): string | undefined {
  for (const name of Object.keys(value)) {
    if (FIELDS.includes(name)) continue
    const meant =
      /token$/i.test(name) && !/bearer/i.test(name) ? 'securityToken' : nearestName(name, FIELDS)
    const isEmpty = !Reflect.get(value, name)
    if (meant !== undefined && !isEmpty) return `have \`${meant}\` instead of \`${name}\``
  }
  return undefined
}

const SECRET_RULE = 'a text without blanks, line breaks and non-ASCII characters'

/** Refuses above all the line break that a file read as a whole ends with: it would end a header. */
function isSecret(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

function timeOf(expiration: unknown): number {
  if (expiration instanceof Date) return expiration.getTime()
  if (typeof expiration === 'number') return Number.isFinite(expiration) ? expiration : Number.NaN
  return typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN
}
