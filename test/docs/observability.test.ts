/** The page on observability knows all channels with their payloads, all events, and what a stream tells of itself. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}/examples/guide/observability.md`, 'utf8')
const DIAGNOSTICS = readFileSync(`${ROOT}/src/diagnostics.ts`, 'utf8')
const rows = PAGE.split('\n').filter((line) => line.startsWith('| `'))

/** Names that an interface of a source declares, with the type of each. */
function membersOf(source: string, name: string): [string, string][] {
  const [, body = ''] =
    new RegExp(`^export interface ${name}\\b.*?\\{(.*?)^\\}`, 'ms').exec(source) ?? []
  const found = body.matchAll(/^ {2}(?:readonly )?'?([\w:]+)'?\??: (.*)$/gm)
  return [...found].map(([, member = '', type = '']) => [member, type])
}

function sourceOf(file: string): string {
  return readFileSync(`${ROOT}/src/${file}.ts`, 'utf8')
}

describe('the page on observability', () => {
  it.each(membersOf(DIAGNOSTICS, 'OssDiagnostics'))(
    'tells all of the channel %s',
    (name, payload) => {
      const row = rows.find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
      const fields = membersOf(DIAGNOSTICS, payload).map(([field]) => field)
      expect(fields.length).toBeGreaterThan(3)
      expect(fields.filter((field) => !new RegExp(`\`${field}\\??\``).test(row))).toEqual([])
    },
  )

  it('knows five channels', () => {
    expect(membersOf(DIAGNOSTICS, 'OssDiagnostics')).toHaveLength(5)
  })

  it.each(membersOf(sourceOf('write-events'), 'WriteStreamEvents'))(
    'has a row for the event %s',
    (name) => {
      expect(rows.some((row) => row.startsWith(`| \`${name}\` |`))).toBe(true)
    },
  )

  it.each([
    ['options', 'UploadProgress'],
    ['upload-watch', 'UploadStats'],
  ])('names all fields that %s.ts gives %s', (file, type) => {
    const fields = membersOf(sourceOf(file), type).map(([field]) => field)
    expect(fields.length).toBeGreaterThan(3)
    expect(fields.filter((field) => !PAGE.includes(field))).toEqual([])
  })
})
