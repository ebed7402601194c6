/**
 * Writes XML documents: escaping, indentation, the declaration. Knows no document of OSS.
 * Without namespaces and attributes, as the service answers.
 */

import { percentEncode } from './percent-encoding.js'

/** What stands in an element: text, or elements. `undefined` leaves the element out. */
export type XmlContent = string | number | bigint | boolean | readonly XmlNode[] | undefined

/** An element to write. */
export type XmlNode = readonly [name: string, content: XmlContent]

/** Under `url`, keys, prefixes, delimiters and markers are written percent-encoded. */
export type EncodingType = 'url' | undefined

/**
 * Returns the document with its declaration, ending in a line feed.
 *
 * A character that XML 1.0 cannot hold (a key may have control characters) is written as a numeric
 * reference, which every XML 1.0 parser refuses, ours too: a reader that did not ask for
 * `encoding-type=url` gets an error then, never another key. What the service does is not documented.
 */
export function writeXml(root: XmlNode): string {
  const out = ['<?xml version="1.0" encoding="UTF-8"?>\n']
  writeNode(out, root, '')
  return out.join('')
}

/** Returns a name as a document of that encoding type has it; `undefined` stays `undefined`. */
export function writeName(
  name: string | undefined,
  encodingType: EncodingType,
): string | undefined {
  return name === undefined || encodingType !== 'url' ? name : percentEncode(name)
}

/** Returns the text with U+FFFD for every character that XML 1.0 cannot hold: for people to read. */
export function replaceIllegal(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
}

function writeNode(out: string[], [name, content]: XmlNode, indent: string): void {
  if (content === undefined) return
  if (typeof content !== 'object') {
    out.push(`${indent}<${name}>${escapeText(String(content))}</${name}>\n`)
    return
  }
  out.push(`${indent}<${name}>\n`)
  for (const child of content) writeNode(out, child, `${indent}  `)
  out.push(`${indent}</${name}>\n`)
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])

// Besides the markup: all that is illegal, and the carriage return, which a parser would turn into
// a line feed if it stood there as it is.
const TO_ESCAPE = /[&<>]|[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

function escapeText(text: string): string {
  return text.replace(
    TO_ESCAPE,
    (character) =>
      NAMED.get(character) ?? `&#x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()};`,
  )
}
