/** The page on the test server has every option, member and fault that the server has. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}/examples/guide/testing.md`, 'utf8').replace(
  /^```.*?^```$/gms,
  '',
)
const SERVER = readFileSync(`${ROOT}/src/server/server.ts`, 'utf8')
const FAULTS = readFileSync(`${ROOT}/src/server/faults.ts`, 'utf8')

function membersOf(source: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`^export interface ${name} \\{(.*?)^\\}`, 'ms').exec(source) ?? []
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member)
}

/** The field that each kind of fault is known by: its first one. */
const faults = [...FAULTS.matchAll(/^export interface (\w+Fault) \{/gm)].map(
  ([, name = '']) => [name, membersOf(FAULTS, name)[0] ?? ''] as const,
)

describe('the page on the test server', () => {
  it.each(membersOf(SERVER, 'OssServerOptions'))('names the option %s', (name) => {
    expect(PAGE).toMatch(new RegExp(`\`${name}\``))
  })

  it.each(membersOf(SERVER, 'OssServer'))('names the member %s', (name) => {
    expect(PAGE).toMatch(new RegExp(`\`${name}\\b`))
  })

  it.each(membersOf(FAULTS, 'FaultMatch'))('names the condition %s of a fault', (name) => {
    expect(PAGE).toMatch(new RegExp(`\`${name}\``))
  })

  it.each(faults)('has a row for a %s', (_name, field) => {
    expect(PAGE).toMatch(new RegExp(`^\\| .*\`\\{ .*\\b${field}\\b`, 'm'))
  })

  it('found what there is', () => {
    expect(faults.length).toBeGreaterThan(10)
    expect(membersOf(SERVER, 'OssServerOptions').length).toBeGreaterThan(8)
  })
})
