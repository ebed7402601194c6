/** The page on credentials names the permissions that `osspipe check` tries, and a policy that is one. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PROBES } from '../../src/cli/check-probes.js'
import { blocksOf } from './blocks.js'

const NAME = 'examples/guide/credentials.md'
const PAGE = readFileSync(fileURLToPath(new URL(`../../${NAME}`, import.meta.url)), 'utf8')

describe('the page on credentials', () => {
  it.each(PROBES.map(({ permission }) => permission))('has a row for %s', (permission) => {
    expect(PAGE).toContain(`| \`${permission}\` | `)
  })

  it('shows a policy that grants what is needed', () => {
    const [policy] = blocksOf(NAME, PAGE).filter(({ language }) => language === 'json')
    const [statement] = JSON.parse(policy?.code ?? '').Statement
    const needed = PROBES.filter(({ isNeeded }) => isNeeded).map(({ permission }) => permission)
    expect(needed.length).toBeGreaterThan(0)
    expect(statement.Action).toEqual(expect.arrayContaining(needed))
  })
})
