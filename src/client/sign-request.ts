/**
 * From an operation to a signed request on the wire: address, query and headers for one attempt.
 */

import type { ResolvedCredentials } from '../credentials.js'
import { addressOf, type Endpoint } from '../protocol/endpoint.js'
import { formatQuery } from '../protocol/percent-encoding.js'
import { signV1 } from '../protocol/signature-v1.js'
import { signV4 } from '../protocol/signature-v4.js'

/** What is signed; the names are those of the protocol. */
export interface UnsignedRequest {
  readonly method: string
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  /** Decoded; `''` for a name without a value. */
  readonly query: Readonly<Record<string, string>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** How this client signs and where it sends. */
export type Signing =
  | { readonly version: 'v4'; readonly endpoint: Endpoint; readonly region: string }
  | { readonly version: 'v1'; readonly endpoint: Endpoint }

export interface SignedRequest {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Everything in it that must not come back in an error. */
  readonly secrets: readonly string[]
}

/** Signs a request for sending at `date`. */
export function signRequest(
  request: UnsignedRequest,
  signing: Signing,
  credentials: ResolvedCredentials,
  date: Date,
): SignedRequest {
  const { origin, path } = addressOf(signing.endpoint, request.bucket, request.key)
  const signed =
    signing.version === 'v4'
      ? signV4(request, { credentials, date, region: signing.region })
      : signV1(request, { credentials, date })
  const query = formatQuery(request.query)
  const { authorization } = signed.headers
  const { accessKeySecret, securityToken } = credentials
  // The header first: without the signature in it, it would not be found any more.
  const secrets = authorization ? [authorization] : []
  secrets.push(signed.signature, accessKeySecret)
  if (securityToken) secrets.push(securityToken)
  return {
    origin,
    path: query === '' ? path : `${path}?${query}`,
    headers: signed.headers,
    secrets,
  }
}
