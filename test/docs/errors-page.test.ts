/** The page on errors knows every class, code and field that a user can meet, and none that there is not. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as face from '../../src/index.js'
import { OPTION_NAMES } from '../../src/resolve-options.js'
import { READ_STREAM_OPTION_NAMES } from '../../src/resolve-read-options.js'
import * as server from '../../src/server/server.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}/examples/guide/errors.md`, 'utf8')
const rows = PAGE.split('\n').filter((line) => line.startsWith('| `ERR_OSS_'))

interface ErrorClass {
  readonly parent: string
  readonly body: string
  /** Those that it declares itself. */
  readonly fields: readonly string[]
}

/** Error classes as the source declares them; a field that is only declared does not exist at run time. */
const CLASSES: ReadonlyMap<string, ErrorClass> = new Map(
  ['', 'server/'].flatMap((folder) =>
    readdirSync(`${ROOT}/src/${folder}`)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => classesOf(readFileSync(`${ROOT}/src/${folder}${name}`, 'utf8'))),
  ),
)

function classesOf(source: string): [string, ErrorClass][] {
  const found = source.matchAll(
    /^export (?:abstract )?class (\w+Error) extends (\w+) \{(.*?)^\}/gms,
  )
  return [...found].map(([, name = '', parent = '', body = '']) => {
    const declared = body.matchAll(/^ {2}(?:(?:declare|readonly) )*(\w+)\??:/gm)
    return [name, { parent, body, fields: [...declared].map(([, field = '']) => field) }]
  })
}

function allFieldsOf(name: string): readonly string[] {
  const found = CLASSES.get(name)
  return found === undefined ? [] : [...found.fields, ...allFieldsOf(found.parent)]
}

/** What stands in backticks and looks like the name of a field. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/`([a-z]\w*)`/g)].map(([, name = '']) => name)
}

const exported = Object.keys({ ...face, ...server }).filter(
  (name) => name.endsWith('Error') && name !== 'OssError',
)

describe('the page on errors', () => {
  it('speaks of error classes', () => {
    expect(exported.length).toBeGreaterThan(15)
    expect(rows).toHaveLength(exported.length)
  })

  it.each(exported)('has one row for %s, with its code', (name) => {
    const own = rows.filter((row) => row.split('|')[2]?.trim() === `\`${name}\``)
    expect(own).toHaveLength(1)
    const code = /ERR_OSS_\w+/.exec(own[0] ?? '')?.[0]
    expect(CLASSES.get(name)?.body).toContain(`'${code}'`)
  })

  it.each(exported)('names no field of %s that there is not', (name) => {
    const row = rows.find((line) => line.includes(`\`${name}\``)) ?? ''
    const body = CLASSES.get(name)?.body ?? ''
    const known = [...allFieldsOf(name), ...OPTION_NAMES, ...READ_STREAM_OPTION_NAMES, 'cause']
    const strangers = namesIn(row.split('|')[3] ?? '').filter(
      (word) => !known.includes(word) && !isValueOf(body, word) && !isMember(word),
    )
    expect(strangers).toEqual([])
  })

  it.each(exported)('names all fields of %s', (name) => {
    const named = namesIn(PAGE)
    expect(allFieldsOf(name).filter((field) => !named.includes(field))).toEqual([])
  })

  it.each(['absent', 'published', 'unknown'])('explains the outcome %s', (outcome) => {
    expect(PAGE).toContain(`| \`${outcome}\` | `)
  })
})

/** Values of a field, such as the kinds of a TransportError, stand in the class or in a type beside it. */
function isValueOf(body: string, word: string): boolean {
  const types = [...body.matchAll(/: (\w+)$/gm)].map(([, type]) => type)
  return [body, ...types.map((type) => declarationOf(type ?? ''))].some((text) =>
    text.includes(`'${word}'`),
  )
}

function declarationOf(type: string): string {
  for (const file of ['errors.ts', 'server/data-dir-error.ts']) {
    const source = readFileSync(`${ROOT}/src/${file}`, 'utf8')
    const found = new RegExp(`^export type ${type} =.*`, 'm').exec(source)
    if (found !== null) return found[0]
  }
  return ''
}

/** Of a stream or of an option that is a folder of the server. */
function isMember(word: string): boolean {
  return word in face.OssWriteStream.prototype || ['completed', 'dataDir'].includes(word)
}
