/**
 * Reads the fields of a parsed element: text, numbers, booleans, ETags, names under encoding-type=url.
 * A field is a direct child without children of its own, there at most once; so a decoy deeper down
 * or a second spelling of an upload id never counts.
 */

import { MalformedXmlError } from '../errors.js'
import { unquoteEtag } from './digest.js'
import { percentDecode } from './percent-encoding.js'
import type { XmlElement } from './xml-parser.js'

/** Returns the direct children of that name, in order. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name)
}

/** Returns the direct child of that name, if any. @throws {MalformedXmlError} if there are several */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  let found: XmlElement | undefined
  for (const child of element.children) {
    if (child.name !== name) continue
    if (found !== undefined) throw malformed(element, `several <${name}>`)
    found = child
  }
  return found
}

/** Returns the text of a field exactly as sent, blanks and all, or `undefined` if it is absent. */
export function rawText(element: XmlElement, name: string): string | undefined {
  const child = childOf(element, name)
  if (child === undefined) return undefined
  if (child.children.length > 0) throw malformed(element, `elements inside <${name}>`)
  return child.text
}

/** Returns the text of a field without outer blanks, or `undefined` if it is absent or empty. */
export function optionalText(element: XmlElement, name: string): string | undefined {
  return rawText(element, name)?.trim() || undefined
}

/** Returns the text of a field without outer blanks. @throws {MalformedXmlError} if it is absent or empty */
export function requiredText(element: XmlElement, name: string): string {
  const text = optionalText(element, name)
  if (text === undefined) throw malformed(element, `no <${name}>`)
  return text
}

/** Longest upload id or ETag that is believed, in characters. Those of OSS have about 32. */
export const MAX_ID = 1024

/** Returns an opaque id. @throws {MalformedXmlError} if it is absent, empty or too long to be one */
export function requiredId(element: XmlElement, name: string): string {
  const text = requiredText(element, name)
  if (text.length > MAX_ID) throw malformed(element, `more than ${MAX_ID} characters in <${name}>`)
  return text
}

/** Returns a non-negative integer field, or `undefined` if it is absent or empty. */
export function optionalInteger(element: XmlElement, name: string): number | undefined {
  const text = optionalText(element, name)
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw malformed(element, `no integer in <${name}>`)
  return value
}

/** Returns a non-negative integer field. @throws {MalformedXmlError} if it is absent or no such integer */
export function requiredInteger(element: XmlElement, name: string): number {
  const value = optionalInteger(element, name)
  if (value === undefined) throw malformed(element, `no <${name}>`)
  return value
}

/** Returns a boolean field, or `undefined` if it is absent or empty. */
export function optionalBoolean(element: XmlElement, name: string): boolean | undefined {
  const text = optionalText(element, name)
  switch (text?.toLowerCase()) {
    case undefined:
      return undefined
    case 'true':
      return true
    case 'false':
      return false
    default:
      throw malformed(element, `neither true nor false in <${name}>`)
  }
}

/** Returns a boolean field. @throws {MalformedXmlError} if it is absent or neither true nor false */
export function requiredBoolean(element: XmlElement, name: string): boolean {
  const value = optionalBoolean(element, name)
  if (value === undefined) throw malformed(element, `no <${name}>`)
  return value
}

/** Returns an ETag without quotes, spelt as sent. @throws {MalformedXmlError} if it is absent or empty */
export function requiredEtag(element: XmlElement, name = 'ETag'): string {
  const etag = unquoteEtag(requiredId(element, name))
  if (etag === '') throw malformed(element, `no <${name}>`)
  return etag
}

/** Reads names (keys, prefixes, markers) of one document, as its EncodingType says. */
export interface NameReader {
  /** The name, or `undefined` if the field is absent or empty. */
  optional(element: XmlElement, name: string): string | undefined
  /** The name, or '' if the field is absent. */
  orEmpty(element: XmlElement, name: string): string
  /** The name. @throws {MalformedXmlError} if the field is absent or empty */
  required(element: XmlElement, name: string): string
}

/**
 * Returns how to read names in this document: as they are, or percent-decoded if the root says
 * `<EncodingType>url</EncodingType>`. A literal `+` stays `+`: the service writes a blank as `%20`
 * and a plus as `%2B` (samples on OSS's InitiateMultipartUpload page), so reading `+` as a blank, as
 * forms do, could only turn one key into another.
 * @throws {MalformedXmlError} for any other EncodingType, and later for a malformed escape
 */
export function nameReader(root: XmlElement): NameReader {
  const encodingType = optionalText(root, 'EncodingType')
  if (encodingType !== undefined && encodingType.toLowerCase() !== 'url') {
    throw malformed(root, 'an unknown <EncodingType>')
  }
  const optional = (element: XmlElement, name: string) => {
    const text = rawText(element, name) || undefined
    if (text === undefined || encodingType === undefined) return text
    try {
      return percentDecode(text)
    } catch {
      throw malformed(element, `malformed percent-encoding in <${name}>`)
    }
  }
  return {
    optional,
    orEmpty: (element, name) => optional(element, name) ?? '',
    required: (element, name) => {
      const text = optional(element, name)
      if (text === undefined) throw malformed(element, `no <${name}>`)
      return text
    },
  }
}

/** Returns the properties that have a value: an absent field becomes an absent property. */
export function defined<T extends object>(
  values: T,
): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const result: { [Name in keyof T]?: Exclude<T[Name], undefined> } = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) Object.assign(result, { [name]: value })
  }
  return result
}

/** Makes the error for an element that is not what it should be. Quotes nothing of the document. */
export function malformed(element: XmlElement, what: string): MalformedXmlError {
  return new MalformedXmlError(`XML element <${element.name.slice(0, 64)}> with ${what}`)
}
