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
  await expect(`${byHand}${MARK}\n\n${cliReference(DESCRIPTIONS)}\n`).toMatchFileSnapshot(GUIDE)
  for (const { name } of DESCRIPTIONS) expect(text).toContain(`## \`osspipe ${name}\``)
  for (const variable of variablesOf(DESCRIPTIONS)) expect(text).toContain(`\`${variable}\``)
  for (const [code, meaning] of EXIT_CODES) expect(text).toContain(`| ${code} | ${meaning} |`)
})
