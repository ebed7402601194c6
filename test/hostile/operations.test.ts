/** What a server may answer to an operation of the client, at its worst. */
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OssError } from '../../src/errors.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { testClient } from '../helpers/test-client.js'
import { EvilServer, startEvilServer } from './evil-server.js'
import { OPERATIONS, written } from './good-answers.js'
import { HOSTILITIES, type Hostility } from './hostilities.js'

const KEYS = {
  accessKeyId: 'LTAI5tId',
  accessKeySecret: 'sEcReT+of/nobody=',
  securityToken: 'tOkEn+of/nobody=',
}
const AFTER = '"AFTER"'
/** Two attempts, each of which may take `responseMs` and ten times `stallMs`. */
const MOST_MS = 2 * (60_000 + 10 * 30_000)

/** Records whoever comes, which nobody may. */
const elsewhere = new EvilServer(() => [], { early: true })
beforeAll(() => elsewhere.open())
afterAll(() => elsewhere.close())

const CELLS = HOSTILITIES.flatMap((hostility) =>
  OPERATIONS.filter(({ name }) => !hostility.except?.test(name)).map(
    (operation) => [hostility.name, operation.name, hostility, operation] as const,
  ),
)

describe('a hostile answer', () => {
  it.each(CELLS)('of %s to %s ends well', async (_hostility, _operation, hostility, operation) => {
    const clock = new FakeClock()
    const asked = new Gate()
    let isHostile = true
    const server = await startEvilServer(
      (_request, socket) => {
        if (!isHostile) {
          const headers = [
            ['ETag', AFTER],
            ['Content-Length', '7'],
          ] as const
          return [written({ status: 200, headers, body: '' })]
        }
        asked.arrive()
        return hostility.script({
          operation,
          clock,
          elsewhere: elsewhere.origin,
          hangUp: () => socket.end(),
          isOpen: () => !socket.destroyed,
        })
      },
      { early: hostility.early ?? false },
    )
    const { client } = testClient(server.origin, {
      clock,
      credentials: KEYS,
      retry: { maxAttempts: hostility.silent ? 1 : 2 },
    })
    const began = clock.ticks()
    const result = await ended(operation.call(client), hostility, clock, asked)
    if ('error' in result) expectTyped(result.error)
    else expect(hostility.ends).toBe('either')
    if ('value' in result) expect(result.value).toEqual(operation.value)
    expect(clock.ticks() - began).toBeLessThan(MOST_MS)
    // A document is 8 MiB at most; the rest lies in the sockets.
    expect(server.bytesWritten).toBeLessThan(32 * 1024 ** 2)
    expect(elsewhere.connections).toBe(0)
    isHostile = false
    const { etag, size } = await client.headObject({ key: 'after' })
    expect([etag, size]).toEqual(['AFTER', 7])
    for (const { head } of server.requests) expectClean(head)
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

async function ended(
  call: Promise<unknown>,
  { silent = false }: Hostility,
  clock: FakeClock,
  asked: Gate,
): Promise<{ value: unknown } | { error: unknown }> {
  let isOver = false
  const result = call
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    .finally(() => {
      isOver = true
    })
  if (silent) {
    await asked.reached()
    while (!isOver) await clock.advance(5_000)
  }
  return result
}

function expectTyped(error: unknown): void {
  expect(error).toBeInstanceOf(OssError)
  const shown = inspect(error, { depth: 10, showHidden: true, maxStringLength: null })
  const { message } = error as OssError
  expect(message).toMatch(/^\P{Cc}{1,2000}$/u)
  expect(shown.length).toBeLessThan(100_000)
  for (const secret of [KEYS.accessKeySecret, KEYS.securityToken, 'OSS4-HMAC-SHA256 Cred']) {
    expect(shown).not.toContain(secret)
  }
}

/** A request of ours: nothing in it that a server could have put there. */
function expectClean(head: string): void {
  const [line = '', ...headers] = head.split('\r\n')
  expect(line).toMatch(/^[A-Z]+ \/bucket\/[\w?&=%.-]* HTTP\/1\.1$/)
  for (const header of headers) expect(header).toMatch(/^[\w-]+: [\x20-\x7e]*$/)
}
