import { describe, expect, it } from 'vitest'
import { isTerminal, mayEnter, TRANSITIONS, type UploadState } from '../../src/upload/lifecycle.js'

const STATES = Object.keys(TRANSITIONS).filter(
  (state): state is UploadState => state in TRANSITIONS,
)

const LEGAL = new Set([
  'idle → resuming',
  'resuming → initiating',
  'resuming → uploading',
  'resuming → putting',
  'resuming → aborting',
  'idle → initiating',
  'idle → putting',
  'idle → aborting',
  'putting → completed',
  'putting → aborting',
  'initiating → uploading',
  'initiating → aborting',
  'uploading → draining',
  'uploading → aborting',
  'draining → completing',
  'draining → aborting',
  'completing → completed',
  'completing → aborting',
  'aborting → aborted',
  'aborting → suspended',
  'aborting → completed',
])

describe('the lifecycle', () => {
  const pairs = STATES.flatMap((from) => STATES.map((to) => [from, to] as const))

  it.each(pairs)('decides about %s → %s', (from, to) => {
    expect(mayEnter(from, to)).toBe(LEGAL.has(`${from} → ${to}`))
  })

  it('has eleven states, of which three are ends', () => {
    expect(STATES).toHaveLength(11)
    expect(STATES.filter(isTerminal)).toEqual(['completed', 'aborted', 'suspended'])
  })

  it('can abort from every state that is no end', () => {
    for (const state of STATES) {
      if (!isTerminal(state) && state !== 'aborting') expect(mayEnter(state, 'aborting')).toBe(true)
    }
  })
})
