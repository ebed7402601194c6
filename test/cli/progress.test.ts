import { describe, expect, it } from 'vitest'
import { Console } from '../../src/cli/output.js'
import { type ProgressMode, reportProgress } from '../../src/cli/progress.js'
import { FakeContext } from '../helpers/fake-context.js'

const MIB = 1024 ** 2

function report(context: FakeContext, mode: ProgressMode, quiet = false) {
  const state = { bytesIn: 0, bytesDone: 0, partsInFlight: 0, retries: 0 }
  const console = new Console(context, { quiet })
  return { state, console, end: reportProgress(context, console, mode, () => state) }
}

describe('progress', () => {
  it('is a line every 30 s where there is no terminal', () => {
    const context = new FakeContext()
    const { state, end } = report(context, 'auto')
    context.pass(29_999)
    expect(context.told.stderr).toBe('')
    Object.assign(state, { bytesIn: 40 * MIB, bytesDone: 30 * MIB, partsInFlight: 2 })
    context.pass(1)
    expect(context.told.stderr).toBe(
      '30.0 MiB stored, 1.00 MiB/s, 30.0 s, 40.0 MiB in, 2 in flight\n',
    )
    end()
    context.pass(100_000)
    expect(context.told.stderr.split('\n')).toHaveLength(2)
  })

  it('is redrawn on a terminal, makes way for other lines, and is gone in the end', () => {
    const context = new FakeContext({ isTTY: true, columns: 16 })
    const { console, end } = report(context, 'auto')
    context.pass(200)
    const line = '\r0 B stored\u001b[K'
    expect(context.told.stderr).toBe(line)
    console.note('a retry')
    expect(context.told.stderr).toBe(`${line}\r\u001b[Ka retry\n`)
    context.pass(200)
    end()
    expect(context.told.stderr).toBe(`${line}\r\u001b[Ka retry\n${line}\r\u001b[K`)
    expect(context.told.stdout).toBe('')
  })

  it('follows the width of the terminal, and fits 80 columns where that is unknown', () => {
    for (const [columns, text] of [
      [12, '\r0 B stored\u001b[K'],
      [1, '\r\u001b[K'],
      [undefined, '0 B stored, 0 B/s, 0.2 s, 0 B in, 0 in flight'],
    ] as const) {
      const context = new FakeContext({ isTTY: true, ...(columns !== undefined && { columns }) })
      report(context, 'auto')
      context.pass(200)
      if (columns === 1) expect(context.told.stderr).toBe('')
      else expect(context.told.stderr).toContain(text)
    }
  })

  it('is an object every second, and one in the end, even with --quiet', () => {
    const context = new FakeContext({ isTTY: true })
    const { state, end } = report(context, 'json', true)
    context.pass(2000)
    state.bytesDone = 5
    end()
    const objects = context.told.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(objects.map(({ elapsedMs, bytesDone }) => [elapsedMs, bytesDone])).toEqual([
      [1000, 0],
      [2000, 0],
      [2000, 5],
    ])
  })

  it.each([
    ['none', false],
    ['none', true],
    ['auto', true],
  ] as const)('is nothing with the mode %s and quiet %s', (mode, quiet) => {
    const context = new FakeContext({ isTTY: true })
    const { end } = report(context, mode, quiet)
    context.pass(100_000)
    end()
    expect(context.told.stderr).toBe('')
  })
})
