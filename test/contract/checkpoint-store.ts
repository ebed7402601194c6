/** What every CheckpointStore holds to, sentence by sentence; yours, too, if you write one. */
import { describe, expect, it } from 'vitest'
import type { CheckpointStore } from '../../src/upload/checkpoint.js'

const TEXT = '{"format":"osspipe-checkpoint","note":"ä 中 🗄"}\n'

/** @param open a place of its own for each test, where nothing is kept; opens a store there, any number of times */
export function holdsToStoreContract(
  name: string,
  open: () => Promise<() => CheckpointStore> | (() => CheckpointStore),
): void {
  describe(name, () => {
    it('has nothing at first', async () => {
      const store = (await open())()
      expect((await store.load()) ?? undefined).toBeUndefined()
    })

    it('gives back what was saved, character by character, to a later run, too', async () => {
      const openHere = await open()
      await openHere().save(TEXT)
      expect(await openHere().load()).toBe(TEXT)
      expect(await openHere().load()).toBe(TEXT)
    })

    it('keeps what was saved last, longer or shorter', async () => {
      const store = (await open())()
      for (const text of [TEXT, `${TEXT}${TEXT}`, 'short', TEXT]) {
        await store.save(text)
        expect(await store.load()).toBe(text)
      }
    })

    it('has nothing once it was removed, and can be saved to again', async () => {
      const openHere = await open()
      const store = openHere()
      await store.save(TEXT)
      await store.remove()
      expect((await store.load()) ?? undefined).toBeUndefined()
      expect((await openHere().load()) ?? undefined).toBeUndefined()
      await store.save('again')
      expect(await openHere().load()).toBe('again')
    })

    it('removes what is not there without a word', async () => {
      const store = (await open())()
      await store.remove()
      await store.save(TEXT)
      await store.remove()
      await store.remove()
      expect((await store.load()) ?? undefined).toBeUndefined()
    })

    it('does not mix with the store of another place', async () => {
      const [one, other] = [(await open())(), (await open())()]
      await one.save('one')
      await other.save('other')
      await other.remove()
      expect(await one.load()).toBe('one')
    })
  })
}
