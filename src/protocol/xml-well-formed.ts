/**
 * Decides whether a text is a well-formed XML 1.0 document of the plain kind OSS speaks, in one pass
 * and linear time, and strips it to elements and text for the parser. Refuses what a parser may
 * forgive or fall for: DTDs, unbalanced or truncated documents, text outside the root, unknown
 * references, illegal characters, depth, bulk. Builds nothing.
 */

import { MalformedXmlError } from '../errors.js'

/** Most elements inside each other. No OSS document has more than five. */
export const MAX_DEPTH = 64

/** Most elements in a document. The largest one of OSS, Complete of 10,000 parts, has 30,001. */
export const MAX_ELEMENTS = 100_000

/** Most characters between two tags. */
export const MAX_TEXT = 2 * 1024 * 1024

/**
 * Checks the document and returns it without declaration, comments, processing instructions and
 * attributes: only elements, text and CDATA are left.
 * @throws {MalformedXmlError} saying what is wrong where (an offset; no part of the document)
 */
export function stripWellFormed(text: string): string {
  const illegal = ILLEGAL_CHARACTER.exec(text)
  if (illegal !== null) refuse('an illegal character', illegal.index)
  return new Scan(text).run()
}

/** Whether XML 1.0 allows the character, written out or as a reference (production 2, Char). */
export function isXmlCharacter(codePoint: number): boolean {
  return (
    (codePoint >= 0x20 && codePoint <= 0xd7ff) ||
    (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0x10ffff) ||
    codePoint === 0x9 ||
    codePoint === 0xa ||
    codePoint === 0xd
  )
}

const ILLEGAL_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

const BLANK = '[ \\t\\n\\r]'
const NAME = '[\\p{L}_][\\p{L}\\p{M}\\p{N}_.·-]*'
const QUALIFIED_NAME = `${NAME}(?::${NAME})?`

const DECLARATION = new RegExp(
  `<\\?xml${BLANK}+version${BLANK}*=${BLANK}*(["'])1\\.\\d\\1` +
    `(?:${BLANK}+encoding${BLANK}*=${BLANK}*(["'])([A-Za-z][\\w.-]*)\\2)?` +
    `(?:${BLANK}+standalone${BLANK}*=${BLANK}*(["'])(?:yes|no)\\4)?${BLANK}*\\?>`,
  'uy',
)
/** Encodings whose documents read the same as UTF-8. */
const ENCODINGS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii'])
const OPENING = new RegExp(`<(${QUALIFIED_NAME})`, 'uy')
const ATTRIBUTE = new RegExp(
  `${BLANK}+${QUALIFIED_NAME}${BLANK}*=${BLANK}*("[^"<]*"|'[^'<]*')`,
  'uy',
)
const OPENING_END = new RegExp(`${BLANK}*(/?)>`, 'uy')
const CLOSING = new RegExp(`</(${QUALIFIED_NAME})${BLANK}*>`, 'uy')
const INSTRUCTION = new RegExp(`<\\?(${NAME})(?=${BLANK}|\\?>)`, 'uy')
const BAD_REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,10}|#x[\dA-Fa-f]{1,8});)/
const NUMERIC_REFERENCE = /&#(?:(\d+)|x([\dA-Fa-f]+));/g

function refuse(what: string, offset: number): never {
  throw new MalformedXmlError(`XML document with ${what} at offset ${offset}`)
}

/** One walk over one document. */
class Scan {
  readonly #text: string
  readonly #open: string[] = []
  readonly #kept: string[] = []
  #keptTo = 0
  #position = 0
  #elements = 0

  constructor(text: string) {
    this.#text = text
  }

  run(): string {
    const text = this.#text
    const declaration = this.#match(DECLARATION)
    if (declaration !== undefined) {
      const encoding = declaration[3] ?? 'utf-8'
      if (!ENCODINGS.has(encoding.toLowerCase())) refuse('an encoding other than UTF-8', 0)
      this.#cut(0, this.#position)
    }
    while (this.#position < text.length) {
      if (text.startsWith('<', this.#position)) this.#markup()
      else this.#characters()
    }
    const unclosed = this.#open.length
    if (unclosed > 0) refuse(`${unclosed} unclosed elements`, text.length)
    if (this.#elements === 0) refuse('no element', text.length)
    this.#cut(text.length, text.length)
    return this.#kept.join('')
  }

  #markup(): void {
    const text = this.#text
    const start = this.#position
    if (text.startsWith('</', start)) this.#closingTag()
    else if (text.startsWith('<!--', start)) this.#comment()
    else if (text.startsWith('<![CDATA[', start)) this.#cdata()
    else if (text.startsWith('<?', start)) this.#instruction()
    else if (text.startsWith('<!', start)) refuse('a document type or other declaration', start)
    else this.#openingTag()
  }

  #openingTag(): void {
    const start = this.#position
    const name = this.#match(OPENING)?.[1]
    if (name === undefined) refuse('a malformed tag', start)
    if (this.#open.length === 0 && this.#elements > 0) refuse('a second root', start)
    this.#elements += 1
    if (this.#elements > MAX_ELEMENTS) refuse(`more than ${MAX_ELEMENTS} elements`, start)
    const nameEnd = this.#position
    for (let attribute = this.#match(ATTRIBUTE); attribute; attribute = this.#match(ATTRIBUTE)) {
      this.#checkReferences(attribute[1] ?? '', start)
    }
    const end = this.#match(OPENING_END)
    if (end === undefined) refuse('a malformed tag', start)
    this.#cut(nameEnd, this.#position - (end[1] ? 2 : 1))
    if (end[1]) return
    this.#open.push(name)
    if (this.#open.length > MAX_DEPTH) refuse(`more than ${MAX_DEPTH} levels`, start)
  }

  #closingTag(): void {
    const start = this.#position
    const name = this.#match(CLOSING)?.[1]
    if (name === undefined || this.#open.pop() !== name) refuse('a mismatched closing tag', start)
  }

  #characters(): void {
    const start = this.#position
    const next = this.#text.indexOf('<', start)
    const end = next === -1 ? this.#text.length : next
    const run = this.#text.slice(start, end)
    if (run.length > MAX_TEXT) refuse(`more than ${MAX_TEXT} characters of text`, start)
    if (this.#open.length === 0 && /[^ \t\n\r]/.test(run)) refuse('text outside the root', start)
    if (run.includes(']]>')) refuse('a stray end of CDATA', start)
    this.#checkReferences(run, start)
    this.#position = end
  }

  #cdata(): void {
    const start = this.#position
    if (this.#open.length === 0) refuse('text outside the root', start)
    this.#position = this.#after(']]>', start + '<![CDATA['.length, start)
  }

  #comment(): void {
    const start = this.#position
    this.#position = this.#after('-->', start + '<!--'.length, start)
    this.#cut(start, this.#position)
  }

  #instruction(): void {
    const start = this.#position
    const target = this.#match(INSTRUCTION)?.[1]
    // A declaration anywhere but at the very beginning, or a misspelt one, ends here too.
    if (target === undefined || target.toLowerCase() === 'xml') {
      refuse('a malformed declaration or processing instruction', start)
    }
    this.#position = this.#after('?>', this.#position, start)
    this.#cut(start, this.#position)
  }

  #checkReferences(run: string, offset: number): void {
    if (!run.includes('&')) return
    if (BAD_REFERENCE.test(run)) refuse('an unknown or malformed reference', offset)
    for (const [, decimal, hexadecimal] of run.matchAll(NUMERIC_REFERENCE)) {
      const codePoint = decimal ? Number(decimal) : Number.parseInt(hexadecimal ?? '', 16)
      if (!isXmlCharacter(codePoint)) refuse('a reference to an illegal character', offset)
    }
  }

  /** Applies a sticky expression here, and on success moves behind it. */
  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#position = pattern.lastIndex
    return match
  }

  #after(terminator: string, from: number, start: number): number {
    const index = this.#text.indexOf(terminator, from)
    if (index === -1) refuse('an unclosed section', start)
    return index + terminator.length
  }

  /** Leaves out what stands from `start` to `end`. */
  #cut(start: number, end: number): void {
    if (start > this.#keptTo) this.#kept.push(this.#text.slice(this.#keptTo, start))
    this.#keptTo = end
  }
}
