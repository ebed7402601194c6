/** The guide of the command line says what the commands say of themselves. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
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
