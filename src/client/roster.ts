/**
 * Who is under way right now, of many that come and go. Not a `Set`: one that grows anew leaves its old
 * table behind, which, once old, holds all that was in it and the table after it through every quick
 * collection of garbage, and so on to the next slow one. Small uploads spent a fifth of their time so.
 */

/** Who can be in a roster, in one at a time. */
export interface Member {
  /** Its place in the roster; the roster's own to set. Begins as {@link NO_PLACE}. */
  place: number
}

export const NO_PLACE = -1

export class Roster<M extends Member> {
  readonly #members: M[] = []

  get size(): number {
    return this.#members.length
  }

  has(member: M): boolean {
    return member.place !== NO_PLACE
  }

  add(member: M): void {
    if (this.has(member)) return
    member.place = this.#members.length
    this.#members.push(member)
  }

  /** Whether it was there. */
  delete(member: M): boolean {
    const { place } = member
    if (place === NO_PLACE) return false
    member.place = NO_PLACE
    // The last one takes its place: nobody else has to move.
    const last = this.#members.pop()
    if (last === undefined || last === member) return true
    last.place = place
    this.#members[place] = last
    return true
  }

  /** Those that are there now, in no order. */
  list(): M[] {
    return [...this.#members]
  }
}
