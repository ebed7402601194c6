/**
 * Bytes to a tree of elements, whatever the document. The only importer of fast-xml-parser, which
 * gets no more to read than elements, text and CDATA of a document already known to be well-formed.
 * Values stay the strings they were sent as: an upload id of `0004895E36` is no number.
 */

import { XMLParser } from 'fast-xml-parser'
import { MalformedXmlError } from '../errors.js'
import { stripWellFormed } from './xml-well-formed.js'

/** An element without its attributes; its name is without namespace prefix. */
export interface XmlElement {
  readonly name: string
  /** All character data directly inside, references resolved, CDATA joined, blanks kept. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

/** Longest document that is read, in bytes. */
export const MAX_XML_BYTES = 8 * 1024 * 1024

/**
 * Parses a UTF-8 document whose root element is `rootName`.
 * Namespaces, attributes, comments and processing instructions are ignored.
 * @throws {MalformedXmlError} if it is not well-formed or not UTF-8, has another root, a DTD, more
 * than 8 MiB, 64 levels, 100,000 elements or 2 Mi characters in one run of text
 */
export function parseXml(body: Uint8Array, rootName: string): XmlElement {
  if (body.byteLength > MAX_XML_BYTES) {
    throw new MalformedXmlError(`XML document of more than ${MAX_XML_BYTES} bytes`)
  }
  const root = readTree(stripWellFormed(decodeUtf8(body)))
  if (root.name !== rootName) {
    throw new MalformedXmlError(`Expected an XML document with root ${rootName}`)
  }
  return root
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new MalformedXmlError('XML document that is not UTF-8')
  }
}

const TEXT = '#text'
const CDATA = '#cdata'

/** Put before every name, so that no element can be called like a member of Object.prototype. */
const SIGIL = '$'

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  // References are resolved below: the parser would leave an unknown one as it is.
  processEntities: false,
  textNodeName: TEXT,
  cdataPropName: CDATA,
  jPath: false,
  // It is called twice on a self-closing element.
  transformTagName: (name) =>
    name.startsWith(SIGIL) ? name : SIGIL + name.slice(name.indexOf(':') + 1),
})

function readTree(text: string): XmlElement {
  let nodes: unknown
  try {
    nodes = parser.parse(text)
  } catch {
    // Its messages quote the document, so they are not passed on.
    throw new MalformedXmlError('XML document that cannot be parsed')
  }
  const { children } = toElement('', nodes)
  const [root] = children
  if (root === undefined) throw new MalformedXmlError('XML document without a root')
  return root
}

/** From the parser's shape: a list of objects with one property each, `#text` or `$Name`. */
function toElement(name: string, nodes: unknown): XmlElement {
  const texts: string[] = []
  const children: XmlElement[] = []
  for (const [label, value] of entriesOf(nodes)) {
    if (label === TEXT) texts.push(resolveReferences(String(value)))
    else if (label === CDATA) for (const [, raw] of entriesOf(value)) texts.push(String(raw))
    else if (label.startsWith(SIGIL)) children.push(toElement(label.slice(SIGIL.length), value))
  }
  return { name, text: texts.join(''), children }
}

function* entriesOf(nodes: unknown): Generator<[string, unknown]> {
  if (!Array.isArray(nodes)) return
  for (const node of nodes) yield* Object.entries(node)
}

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** One pass, so that what a reference yields is never read as a reference again. */
function resolveReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:#(\d+)|#x([\dA-Fa-f]+)|(\w+));/g,
    (whole, decimal, hexadecimal, name) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
      if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16))
      return PREDEFINED.get(name) ?? whole
    },
  )
}
