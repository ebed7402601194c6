/** Which bytes go into which object. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LINE_HELD, RotationPlan, type RotationSplit } from '../src/rotation-plan.js'

/** The objects that come of chunks; `|` as a chunk stands for the age that is reached. */
function objectsOf(split: RotationSplit, max: number, chunks: readonly (string | Buffer)[]) {
  const plan = new RotationPlan(split, max)
  const objects: string[] = []
  let open = ''
  const rotate = () => {
    objects.push(open)
    open = ''
  }
  const take = (steps: Iterable<Uint8Array | 'rotate'>) => {
    for (const step of steps) {
      if (step === 'rotate') rotate()
      else open += Buffer.from(step).toString('latin1')
    }
  }
  for (const chunk of chunks) {
    if (chunk === '|') {
      if (plan.rotateSoon()) rotate()
      continue
    }
    const reused = Buffer.from(chunk)
    take(plan.accept(reused))
    reused.fill('?')
  }
  take(plan.end())
  if (open !== '') rotate()
  return objects
}

const NONE = Number.POSITIVE_INFINITY

describe('the objects of a stream', () => {
  it.each<[RotationSplit, number, string[], string[]]>([
    // Chunks stay whole: one that does not fit begins the next object, whatever its length.
    ['chunk', 5, ['ab', 'cd', 'ef'], ['abcd', 'ef']],
    ['chunk', 4, ['ab', 'cd', 'ef'], ['abcd', 'ef']],
    ['chunk', 4, ['ab', 'cdefghi', 'j'], ['ab', 'cdefghi', 'j']],
    ['chunk', 1, ['', 'ab', '', 'c'], ['ab', 'c']],
    ['chunk', 9, [], []],
    ['chunk', NONE, ['ab', '|', 'c', '|', '|'], ['ab', 'c']],
    ['chunk', 2, ['ab', '|', 'c'], ['ab', 'c']],
    // Every object but the last is full.
    ['byte', 3, ['abcdefgh'], ['abc', 'def', 'gh']],
    ['byte', 3, ['a', 'b', 'c', 'd'], ['abc', 'd']],
    ['byte', 3, ['a', '|', 'bcde'], ['a', 'bcd', 'e']],
    ['byte', 1, ['abc'], ['a', 'b', 'c']],
    // Lines stay whole, wherever chunks end.
    ['line', 6, ['a\nb\nc\nd\n'], ['a\nb\nc\n', 'd\n']],
    ['line', 5, ['a\nb\nc\nd\n'], ['a\nb\n', 'c\nd\n']],
    ['line', 5, ['a', '\nb', '\n', 'c', 'c', '\n'], ['a\nb\n', 'cc\n']],
    ['line', 5, ['a\nb\nc'], ['a\nb\nc']],
    ['line', 4, ['a\nb\nc'], ['a\nb\n', 'c']],
    ['line', 4, ['\n\n\n\n\n'], ['\n\n\n\n', '\n']],
    ['line', 6, ['a\r\nb\r\nc\r\n'], ['a\r\nb\r\n', 'c\r\n']],
    // One that is longer than an object makes one of its own.
    ['line', 4, ['a\nbcdefgh\ni\n'], ['a\n', 'bcdefgh\n', 'i\n']],
    ['line', 4, ['a\nbcd', 'ef', 'gh', '\ni\n'], ['a\n', 'bcdefgh\n', 'i\n']],
    ['line', 4, ['a\nbcdefgh'], ['a\n', 'bcdefgh']],
    ['line', 4, ['abcdef', 'gh\n\n'], ['abcdefgh\n', '\n']],
    // Age ends an object at the end of a line; what has come of the next line goes with the rest of it.
    ['line', NONE, ['a\nb', '|', 'c\nd\n'], ['a\n', 'bc\nd\n']],
    ['line', NONE, ['a', '|', 'b\n'], ['ab\n']],
    ['line', 4, ['abcdef', '|', 'gh', '\ni\n'], ['abcdefgh\n', 'i\n']],
  ])('by %s, of at most %d: %j becomes %j', (split, max, chunks, objects) => {
    expect(objectsOf(split, max, chunks)).toEqual(objects)
  })

  it('hold a line that is longer than what is kept back, in an object that it begins', () => {
    const half = 'x'.repeat(MAX_LINE_HELD / 2)
    const chunks = ['a\n', half, half, half, 'y\nb\n']
    const long = `${half}${half}${half}y\n`
    expect(objectsOf('line', 10 * MAX_LINE_HELD, chunks)).toEqual([`a\n${long}b\n`])
    expect(objectsOf('line', MAX_LINE_HELD + 2, chunks)).toEqual(['a\n', long, 'b\n'])
    expect(objectsOf('line', NONE, ['a\n', half, half, half, '|', 'y\nb\n'])).toEqual([
      `a\n${long}`,
      'b\n',
    ])
  })

  it('hold lines that come byte by byte', () => {
    const text = `${'a'.repeat(300)}\n${'b'.repeat(40)}\n${'c'.repeat(500)}`
    expect(objectsOf('line', 1000, [...text])).toEqual([text])
    expect(objectsOf('line', 400, [...text])).toEqual([text.slice(0, 342), text.slice(342)])
  })

  it('hold all bytes in order, and are whole', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 })
    const chunk = fc.oneof(
      { weight: 6, arbitrary: text },
      { weight: 1, arbitrary: fc.constant('|') },
    )
    const split = fc.constantFrom<RotationSplit>('chunk', 'line', 'byte')
    fc.assert(
      fc.property(split, fc.integer({ min: 1, max: 9 }), fc.array(chunk), (how, max, chunks) => {
        const objects = objectsOf(how, max, chunks)
        const written = chunks.filter((each) => each !== '|')
        expect(objects.join('')).toBe(written.join(''))
        for (const [index, object] of objects.entries()) {
          expect(object).not.toBe('')
          const isLast = index === objects.length - 1
          if (how === 'line' && !isLast) expect(object.endsWith('\n')).toBe(true)
          if (object.length <= max) continue
          // Longer only by what must stay whole.
          if (how === 'line') expect(object.slice(0, -1)).not.toContain('\n')
          else expect(written).toContain(object)
        }
      }),
      { numRuns: 500 },
    )
  })
})
