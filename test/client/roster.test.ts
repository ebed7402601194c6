/** Who is under way, of many that come and go: the same as a Set, without what a Set leaves behind. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Member, NO_PLACE, Roster } from '../../src/client/roster.js'

const newMember = (): Member => ({ place: NO_PLACE })

describe('a roster', () => {
  it('holds what a Set would hold', () => {
    const step = fc.record({ adds: fc.boolean(), who: fc.nat({ max: 9 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const people = Array.from({ length: 10 }, newMember)
        const roster = new Roster<Member>()
        const set = new Set<Member>()
        for (const { adds, who } of steps) {
          const member = people[who] ?? newMember()
          if (adds) {
            roster.add(member)
            set.add(member)
          } else {
            expect(roster.delete(member)).toBe(set.delete(member))
          }
          expect(roster.size).toBe(set.size)
          expect(new Set(roster.list())).toEqual(set)
          for (const each of people) expect(roster.has(each)).toBe(set.has(each))
        }
      }),
    )
  })

  it('lists those that are there now, whatever comes later', () => {
    const roster = new Roster<Member>()
    const [one, other] = [newMember(), newMember()]
    roster.add(one)
    const before = roster.list()
    roster.add(other)
    expect(before).toEqual([one])
  })
})
