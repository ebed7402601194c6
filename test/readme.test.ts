/** The README says what is true: its tables are held against the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMEOUTS } from '../src/client/options.js'
import { DEFAULT_RETRY } from '../src/client/retry.js'
import { capacityOf, planParts } from '../src/protocol/part-plan.js'
import { OPTION_NAMES } from '../src/resolve-options.js'
import { shapeOf } from './docs/plan-shape.js'

const README = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
const GIB = 1024 ** 3
const pages = readdirSync(fileURLToPath(new URL('../examples/guide', import.meta.url))).filter(
  (name) => name.endsWith('.md'),
)
const rows = README.split('\n').filter((line) => line.startsWith('| '))

describe('the README', () => {
  it.each(pages)('lists the page %s of the guide', (page) => {
    expect(README).toContain(`](examples/guide/${page}) | `)
  })

  it.each(OPTION_NAMES.filter((name) => name !== 'key'))(
    'has a row for the option `%s`',
    (name) => {
      expect(rows.some((row) => row.split('|')[1]?.includes(`\`${name}\``))).toBe(true)
    },
  )

  it('tells the defaults of the retry policy', () => {
    const { maxAttempts, baseDelayMs, maxDelayMs, maxElapsedMs } = DEFAULT_RETRY
    const digits = (value: number) => value.toLocaleString('en').replace(',', '_')
    expect(README).toContain(
      `{ maxAttempts: ${maxAttempts}, baseDelayMs: ${baseDelayMs}, ` +
        `maxDelayMs: ${digits(maxDelayMs)}, maxElapsedMs: ${digits(maxElapsedMs)} }`,
    )
  })

  it('tells how soon a network that is gone fails a request', () => {
    const { maxAttempts, baseDelayMs, maxDelayMs } = DEFAULT_RETRY
    const { connectMs, responseMs } = DEFAULT_TIMEOUTS
    let waits = 0
    for (let retry = 0; retry < maxAttempts - 1; retry++) {
      waits += Math.min(maxDelayMs, baseDelayMs * 2 ** retry)
    }
    const [refused, unaccepted, unanswered] = [0, connectMs, responseMs].map(
      (attemptMs) => (maxAttempts * attemptMs + waits) / 1000,
    )
    expect(README).toContain(`within ${refused} s where connections are refused`)
    expect(README).toContain(`within ${unaccepted} s where nobody accepts`)
    expect(README).toContain(`within ${unanswered} s where each of five attempts is sent`)
  })

  it('tells where a stream of unknown length ends', () => {
    expect(README).toContain(
      `${Math.floor(capacityOf(planParts({ concurrency: 4 })) / GIB)} GiB is`,
    )
    const large = planParts({ concurrency: 4, maxMemory: GIB })
    expect(README).toContain(`${Math.floor(capacityOf(large) / GIB).toLocaleString('en')} GiB with`)
  })

  it.each([
    [100, '100 GiB become 7,877 parts of 13 MiB'],
    [500, '500 GiB 8,000 of 64 MiB'],
    [1024, '1 TiB 9,987 of 105 MiB'],
  ])('tells what %i GiB expected become', (gibibytes, text) => {
    const size = gibibytes * GIB
    const { parts, last } = shapeOf(planParts({ concurrency: 4, expectedSize: size }), size)
    expect(README).toContain(text)
    expect(text).toContain(`${parts.toLocaleString('en')} `)
    expect(text).toMatch(new RegExp(` of ${last} MiB$`))
  })
})
