/**
 * The way from a request to the version that signed it, and to the verdict on its signature.
 * Knows no version's details.
 */

import { V4_ALGORITHM } from './canonical-v4.js'
import { verifyV1 } from './signature-v1.js'
import { verifyV4 } from './signature-v4.js'
import {
  accessDenied,
  malformed,
  queryEntries,
  type Verdict,
  type VerifiableRequest,
  type VerifyContext,
} from './signature-verdict.js'

/** How a request is signed; `none` if it is anonymous or of a scheme that OSS does not know. */
export type SignatureForm = 'v4' | 'v4-query' | 'v1' | 'v1-query' | 'none'

/** Tells how a request is signed. An Authorization header counts before the query. */
export function whichVersion(request: Pick<VerifiableRequest, 'query' | 'headers'>): SignatureForm {
  const authorization = request.headers.authorization?.trim()
  if (authorization !== undefined) {
    const scheme = authorization.split(' ', 1)[0]
    return scheme === V4_ALGORITHM ? 'v4' : scheme === 'OSS' ? 'v1' : 'none'
  }
  const names = new Set(queryEntries(request.query).map(([name]) => name))
  if (V4_MARKS.some((name) => names.has(name))) return 'v4-query'
  return V1_MARKS.some((name) => names.has(name)) ? 'v1-query' : 'none'
}

/**
 * Verifies the signature of a request, of whatever version. An anonymous request is refused with
 * 403 AccessDenied: whoever lets such requests in asks {@link whichVersion} first.
 */
export function verify(request: VerifiableRequest, context: VerifyContext): Verdict {
  switch (whichVersion(request)) {
    case 'v4':
    case 'v4-query':
      return verifyV4(request, context)
    case 'v1':
    case 'v1-query':
      return verifyV1(request, context)
    case 'none':
      return request.headers.authorization === undefined
        ? accessDenied('You have no right to access this object because of bucket acl.')
        : malformed('Invalid Authorization in header.')
  }
}

const V4_MARKS = ['x-oss-signature-version', 'x-oss-credential', 'x-oss-signature']
const V1_MARKS = ['OSSAccessKeyId', 'Signature']
