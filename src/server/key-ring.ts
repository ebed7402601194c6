/**
 * The access keys and STS tokens the server accepts. Time comes from the caller.
 * Secrets go in and to the verifier, never anywhere else.
 */

import type { SigningCredentials } from '../protocol/signable-request.js'
import type { VerifyContext } from '../protocol/signature-verdict.js'
import { randomHex } from './ids.js'

/** A key pair with the token it is valid with, for a while. */
export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string
  readonly expiration: Date
}

interface Key {
  readonly accessKeySecret: string
  readonly securityToken: string | undefined
  /** Milliseconds since the epoch. */
  expiresAt: number
}

export class KeyRing {
  readonly #keys = new Map<string, Key[]>()

  constructor(credentials: readonly SigningCredentials[]) {
    for (const { accessKeyId, accessKeySecret, securityToken } of credentials) {
      this.#add(accessKeyId, { accessKeySecret, securityToken, expiresAt: Infinity })
    }
  }

  /** Makes a new pair with a token that holds until `expiresAt` (milliseconds since the epoch). */
  issue(expiresAt: number): TemporaryCredentials {
    const accessKeyId = `STS.${randomHex(12)}`
    const accessKeySecret = randomHex(20)
    const securityToken = randomHex(48)
    this.#add(accessKeyId, { accessKeySecret, securityToken, expiresAt })
    return { accessKeyId, accessKeySecret, securityToken, expiration: new Date(expiresAt) }
  }

  /** Makes a token expire at once, for good. */
  expire(securityToken: string): void {
    for (const key of this.#all()) {
      if (key.securityToken === securityToken) key.expiresAt = -Infinity
    }
  }

  /** Finds secrets as of `now` (milliseconds since the epoch), for the verifier. */
  lookupAt(now: number): VerifyContext['lookup'] {
    return (accessKeyId, securityToken) => {
      const keys = this.#keys.get(accessKeyId) ?? []
      const key = keys.find((one) => one.securityToken === securityToken)
      if (key !== undefined) {
        return key.expiresAt > now ? key : { rejected: 'SecurityTokenExpired' }
      }
      // Without its token, a temporary key is no key that the service knows.
      if (securityToken === undefined) return undefined
      const known = [...this.#all()].some((one) => one.securityToken === securityToken)
      if (known) return { rejected: 'AccessKeyIdAndSecurityTokenNotMatch' }
      return keys.length === 0 ? undefined : { rejected: 'InvalidSecurityToken' }
    }
  }

  #add(accessKeyId: string, key: Key): void {
    this.#keys.set(accessKeyId, [...(this.#keys.get(accessKeyId) ?? []), key])
  }

  *#all(): Generator<Key> {
    for (const keys of this.#keys.values()) yield* keys
  }
}
