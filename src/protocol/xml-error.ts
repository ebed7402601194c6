/**
 * The `<Error>` document, read and written. Reading it never throws: an answer that failed must not
 * fail a second time because of its body. Everything kept is cut to a length that fits an error.
 */

import { optionalText, requiredText } from './xml-fields.js'
import { parseXml, type XmlElement } from './xml-parser.js'
import { replaceIllegal, writeXml, type XmlNode } from './xml-writer.js'

/** What an `<Error>` document says. */
export interface ErrorDocument {
  /** Such as `NoSuchUpload`. */
  readonly code: string
  readonly message: string
  readonly requestId?: string | undefined
  readonly hostId?: string | undefined
  /** Fine-grained code, such as `0042-00000104`. */
  readonly ec?: string | undefined
  /**
   * The other elements with text, such as `UploadId` or `Endpoint`; an object without prototype.
   * For `SignatureDoesNotMatch` they hold the access key id, the signature and the string to sign:
   * pick what goes into an error or a log by name, never all.
   */
  readonly details: Readonly<Record<string, string>>
}

/** Longest message kept, in characters. */
export const MAX_MESSAGE = 4096

/** Longest code, id or detail kept, in characters. */
export const MAX_DETAIL = 1024

/** Most details kept. */
export const MAX_DETAILS = 32

/**
 * Reads an error document, whatever its namespace and padding ("Error responses").
 * Returns `undefined` for anything else: HTML, plain text, nothing, a truncated or hostile document,
 * an `<Error>` without `<Code>`. Never throws. Longer texts are cut, at {@link MAX_MESSAGE} and
 * {@link MAX_DETAIL}.
 */
export function decodeError(body: Uint8Array): ErrorDocument | undefined {
  try {
    return readError(parseXml(body, 'Error'))
  } catch {
    return undefined
  }
}

/**
 * Whether the root element is `<Error>`, also of a document that is truncated or malformed behind
 * its first tag: a 200 with such a body is no success. Looks at the first 4 KiB. Never throws.
 */
export function isErrorDocument(body: Uint8Array): boolean {
  // Nearly every answer of success.
  if (body.byteLength === 0) return false
  const beginning = new TextDecoder('utf-8').decode(body.subarray(0, 4096))
  const prolog = /(?:\s+|<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->)/y
  let position = 0
  while (prolog.test(beginning)) position = prolog.lastIndex
  return /^<(?:[\w.-]+:)?Error(?=[\s/>])/.test(beginning.slice(position))
}

/**
 * Writes an error document; `details` follow HostId in their order, RecommendDoc comes from `ec`.
 * The texts are for people: what XML 1.0 cannot hold is replaced by U+FFFD, so that a strange key
 * never costs the client the code.
 */
export function encodeError(error: {
  readonly code: string
  readonly message: string
  readonly requestId?: string | undefined
  readonly hostId?: string | undefined
  readonly ec?: string | undefined
  readonly details?: Readonly<Record<string, string>> | undefined
}): string {
  const fields: [string, string | undefined][] = [
    ['Code', error.code],
    ['Message', error.message],
    ['RequestId', error.requestId],
    ['HostId', error.hostId],
    ...Object.entries(error.details ?? {}),
    ['EC', error.ec],
  ]
  if (error.ec !== undefined && error.details?.RecommendDoc === undefined) {
    fields.push(['RecommendDoc', `https://api.aliyun.com/troubleshoot?q=${error.ec}`])
  }
  const nodes = fields.map(
    ([name, text]): XmlNode => [name, text === undefined ? undefined : replaceIllegal(text)],
  )
  return writeXml(['Error', nodes])
}

const OWN_FIELDS: ReadonlySet<string> = new Set(['Code', 'Message', 'RequestId', 'HostId', 'EC'])

function readError(root: XmlElement): ErrorDocument {
  const requestId = optionalText(root, 'RequestId')
  const hostId = optionalText(root, 'HostId')
  const ec = optionalText(root, 'EC')
  return {
    code: requiredText(root, 'Code').slice(0, MAX_DETAIL),
    message: (optionalText(root, 'Message') ?? '').slice(0, MAX_MESSAGE),
    ...(requestId === undefined ? {} : { requestId: requestId.slice(0, MAX_DETAIL) }),
    ...(hostId === undefined ? {} : { hostId: hostId.slice(0, MAX_DETAIL) }),
    ...(ec === undefined ? {} : { ec: ec.slice(0, MAX_DETAIL) }),
    details: readDetails(root),
  }
}

function readDetails(root: XmlElement): Record<string, string> {
  // Without prototype: a document may well have an element called `__proto__` or `constructor`.
  const details: Record<string, string> = Object.create(null)
  let kept = 0
  for (const { name, text, children } of root.children) {
    if (OWN_FIELDS.has(name) || name in details || children.length > 0) continue
    if (kept === MAX_DETAILS || name.length > 64) continue
    details[name] = text.trim().slice(0, MAX_DETAIL)
    kept += 1
  }
  return details
}
