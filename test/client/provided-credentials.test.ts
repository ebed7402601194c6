import { describe, expect, it } from 'vitest'
import { credentialsFrom } from '../../src/credentials.js'
import { FakeClock } from '../helpers/fake-clock.js'

const MINUTE = 60_000

describe('a provider', () => {
  it('is not asked for every request where the local clock is fast', async () => {
    const clock = new FakeClock()
    let asked = 0
    const credentials = credentialsFrom(
      () => {
        asked++
        const expiration = clock.now() - 10 * MINUTE
        return { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: 'token', expiration }
      },
      { clock, env: {} },
    )
    for (let request = 0; request < 22; request++) await credentials.get()
    expect(asked).toBe(1)
    await clock.advance(11_000)
    await credentials.get()
    expect(asked).toBe(2)
  })
})
