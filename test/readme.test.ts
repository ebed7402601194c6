/** The README says what is true: its tables are held against the code. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMEOUTS } from '../src/client/options.js'
import { DEFAULT_RETRY } from '../src/client/retry.js'
import * as face from '../src/index.js'
import { capacityOf, partSizeAt, planParts } from '../src/protocol/part-plan.js'
import { OPTION_NAMES } from '../src/resolve-options.js'

const README = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
const MIB = 1024 ** 2
const GIB = 1024 ** 3
const rows = README.split('\n').filter((line) => line.startsWith('| '))

describe('the README', () => {
  it.each(OPTION_NAMES.filter((name) => name !== 'key'))(
    'has a row for the option `%s`',
    (name) => {
      expect(rows.some((row) => row.split('|')[1]?.includes(`\`${name}\``))).toBe(true)
    },
  )

  it('has a row for every error class, with its code', () => {
    const classes = Object.keys(face).filter(
      (name) => name.endsWith('Error') && name !== 'OssError',
    )
    expect(classes.length).toBeGreaterThan(8)
    for (const name of classes) {
      expect(rows.some((row) => row.startsWith('| `ERR_OSS_') && row.includes(`\`${name}\``))).toBe(
        true,
      )
    }
  })

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

  it('shows how parts grow as they do', () => {
    const table = rows.filter((row) => /^\| \d+ GiB \|/.test(row))
    expect(table).toHaveLength(6)
    const plan = planParts({ concurrency: 4 })
    for (const row of table) {
      const [gibibytes = 0, parts, last, inFlight] = row
        .split('|')
        .slice(1)
        .map((cell) => Number(cell.replace(/[^0-9]/g, '')))
      expect(shapeOf(plan, gibibytes * GIB)).toEqual({ parts, last, inFlight })
    }
    expect(README).toContain(`${Math.floor(capacityOf(plan) / GIB)} GiB is the end`)
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

function shapeOf(plan: ReturnType<typeof planParts>, size: number) {
  let parts = 0
  for (let sum = 0; sum < size; sum += partSizeAt(parts, plan)) parts++
  const last = partSizeAt(parts, plan)
  return { parts, last: last / MIB, inFlight: Math.min(4, Math.floor(plan.maxMemory / last) - 1) }
}
