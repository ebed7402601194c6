/** The two promises of a stream's end: the same whether they are asked for before it or after it. */
import { describe, expect, it } from 'vitest'
import { Conclusion } from '../src/conclusion.js'

const REASON = new Error('enough')

describe.each(['before', 'after'])('asked for %s the end', (when) => {
  function end(conclude: (conclusion: Conclusion<string>) => void) {
    const conclusion = new Conclusion<string>()
    const asked = when === 'before' ? [conclusion.completed, conclusion.settled] : []
    conclude(conclusion)
    // What comes second is no end any more.
    conclusion.fail(new Error('too late'))
    conclusion.succeed('too late')
    if (asked.length > 0) expect([conclusion.completed, conclusion.settled]).toEqual(asked)
    return conclusion
  }

  it('tells the result', async () => {
    const { completed, settled } = end((conclusion) => conclusion.succeed('done'))
    expect(await Promise.all([completed, settled])).toEqual(['done', undefined])
  })

  it('tells the failure to whoever asks for the result, and to nobody else', async () => {
    const { completed, settled } = end((conclusion) => conclusion.fail(REASON))
    await settled
    await expect(completed).rejects.toBe(REASON)
  })

  it('may be a failure that nobody hears of', async () => {
    const unheard: unknown[] = []
    const note = (reason: unknown) => unheard.push(reason)
    process.on('unhandledRejection', note)
    end((conclusion) => conclusion.fail(REASON))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unheard).toEqual([])
  })
})
