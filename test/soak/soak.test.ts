/** A short soak: `npm run soak` is the long one. */
import { existsSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { runSoak } from './soak.js'

const SEEDS = [1, 2, Math.floor(Math.random() * 2 ** 31)]
const UPLOADS = 20

beforeAll(() => {
  if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
    throw new Error('The child needs dist/: run `npm run build` first, as `npm test` does')
  }
})

it.each(SEEDS)(
  'tells no lie and leaves no part over bad wires, with seed %i',
  { timeout: 400_000 },
  async (seed) => {
    const tally = await runSoak({ seed, uploads: UPLOADS, isOver: () => false })
    expect(tally.lies).toEqual([])
    expect(tally.uploads).toBe(UPLOADS)
    // How many of each there are depends on how busy the machine is, too.
    expect(tally.succeeded + tally.failedAbsent).toBeGreaterThan(0)
    expect(tally.faults.size).toBeGreaterThan(5)
  },
)
