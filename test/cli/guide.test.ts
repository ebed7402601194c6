/** The guide of the command line says what the commands say of themselves. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DESCRIPTIONS } from '../../src/cli/commands.js'
import { EXIT_CODES } from '../../src/cli/exit-codes.js'
import { cliReference, variablesOf } from '../helpers/cli-reference.js'

const GUIDE = fileURLToPath(new URL('../../examples/guide/cli.md', import.meta.url))
const MARK = '<!-- the rest is made from src/cli/descriptions: npx vitest run test/cli/guide -u -->'

it('is complete', async () => {
  const text = readFileSync(GUIDE, 'utf8')
  expect(text).toContain(MARK)
  const [byHand = ''] = text.split(MARK)
  const page = `${byHand}${MARK}\n\n${cliReference(DESCRIPTIONS)}\n`
  for (const { name } of DESCRIPTIONS) expect(page).toContain(`## \`osspipe ${name}\``)
  for (const variable of variablesOf(DESCRIPTIONS)) expect(page).toContain(`\`${variable}\``)
  for (const [code, meaning] of EXIT_CODES) expect(page).toContain(`| ${code} | ${meaning} |`)
  await expect(page).toMatchFileSnapshot(GUIDE)
})

/** Commands that restore a database by psql: in blocks, in the help, and in code within a line. */
function restoresIn(text: string): string[] {
  return text.split('\n').filter((line) => /osspipe get\b.*\bpsql\b/.test(line))
}

/** Why a restore is not safe, if it is not: psql commits the half of a pipe, and exits with 0 whatever fails. */
function dangerOf(restore: string): string | undefined {
  if (!/psql\b.* -v ON_ERROR_STOP=1\b/.test(restore)) return 'psql does not tell its errors'
  const [, pipe] = /osspipe get\b([^|]*)\|[^|]*psql\b/.exec(restore) ?? []
  if (pipe === undefined) {
    return /&& psql\b.* -1 -f /.test(restore) ? undefined : 'psql does not restore all or nothing'
  }
  const isWrapped = /echo 'BEGIN;'; osspipe get\b[^|]* && echo 'COMMIT;'/.test(restore)
  return isWrapped ? undefined : 'psql commits half of a pipe'
}

describe('a restore', () => {
  const help = DESCRIPTIONS.flatMap(({ examples }) => examples.map(({ command }) => command))
  const pages = ['examples/guide/cli.md', 'examples/guide/reading-back.md', 'README.md'].map(
    (page) => readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8'),
  )
  const restores = [...help, ...pages].flatMap(restoresIn)

  it('is shown', () => {
    expect(help.flatMap(restoresIn)).toHaveLength(1)
    expect(restores.length).toBeGreaterThan(3)
  })

  it.each(restores)('is all or nothing, and says so: %s', (restore) => {
    expect(dangerOf(restore)).toBeUndefined()
  })

  it.each([
    ['osspipe get oss://b/k - | psql app', 'psql does not tell its errors'],
    ['osspipe get oss://b/k - | psql -v ON_ERROR_STOP=1 -1 app', 'psql commits half of a pipe'],
    ['osspipe get oss://b/k k && psql -1 -f k app', 'psql does not tell its errors'],
    [
      'osspipe get oss://b/k k && psql -v ON_ERROR_STOP=1 -f k app',
      'psql does not restore all or nothing',
    ],
    [
      "{ echo 'BEGIN;'; osspipe get oss://b/k -; echo 'COMMIT;'; } | psql -v ON_ERROR_STOP=1 app",
      'psql commits half of a pipe',
    ],
  ])('is not safe as %s', (restore, danger) => {
    expect(dangerOf(restore)).toBe(danger)
  })
})
