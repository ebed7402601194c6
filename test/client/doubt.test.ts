/** What the attempts of one call leave in doubt, all of them together. */
import { describe, expect, it } from 'vitest'
import type { FaultAction } from '../../src/server/server.js'
import { openClient } from '../helpers/open-client.js'

/** The request has been read to its end; the connection goes without an answer. */
const lost: FaultAction = { reset: 'after-body' }
const failed: FaultAction = { status: 500 }
const refused: FaultAction = { status: 403, code: 'AccessDenied' }

/** The error of a Complete whose attempts end like this, one after the other. */
async function failureAfter(endings: readonly FaultAction[]): Promise<unknown> {
  const { server, client } = await openClient({ retry: { maxAttempts: endings.length } })
  for (const [skip, ending] of endings.entries()) server.faults.add({ skip }, ending)
  const parts = [{ partNumber: 1, etag: 'A' }]
  const call = client.completeMultipartUpload({ key: 'k', uploadId: 'U', parts })
  return await call.catch((error: unknown) => error)
}

describe('a call that fails', () => {
  it('keeps the graver doubt when an error of the server follows a lost answer', async () => {
    expect(await failureAfter([lost, failed])).toMatchObject({
      status: 500,
      ossCode: 'InternalError',
      attempts: 2,
      uncertain: 'lost',
    })
  })

  it.each([
    ['an error of the server', [failed], 'answered'],
    ['an error of the server, then a refusal', [failed, refused], 'answered'],
    ['an error of the server, then a lost answer', [failed, lost], 'lost'],
    ['a lost answer between two errors of the server', [failed, lost, failed], 'lost'],
    ['a lost answer, then a refusal', [lost, refused], 'lost'],
    ['a refusal', [refused], undefined],
  ] as const)('after %s', async (_, endings, uncertain) => {
    const error = await failureAfter(endings)
    expect(error).toMatchObject({ attempts: endings.length })
    expect(Reflect.get(Object(error), 'uncertain')).toBe(uncertain)
  })
})
