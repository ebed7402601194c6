/** The cluster that tests of databases run on. */
import { existsSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { POSTGRES_BIN, startPostgres } from './postgres.js'

describe.skipIf(POSTGRES_BIN === undefined)('a cluster of PostgreSQL', () => {
  it('answers on a socket of its own, and leaves nothing behind', async () => {
    const postgres = await startPostgres()
    onTestFinished(postgres.stop)
    expect(await postgres.sql('SELECT 6 * 7')).toBe('42\n')
    await expect(postgres.sql('SELECT nonsense')).rejects.toThrow('nonsense')
    await postgres.stop()
    expect(existsSync(postgres.env.PGHOST)).toBe(false)
  })
})
