/** What the attempts of one call leave in doubt, all of them together. */
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { startRawServer } from '../helpers/http-server.js'
import { testClient } from '../helpers/test-client.js'

type Ending = (response: ServerResponse) => void

/** The request has been read to its end; the connection goes without an answer. */
const lost: Ending = (response) => response.destroy()
const refusal = (status: number, code: string): Ending => {
  return (response) => response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`)
}
const failed = refusal(500, 'InternalError')
const refused = refusal(403, 'AccessDenied')

/** The error of a Complete whose attempts end like this, one after the other. */
async function failureAfter(endings: readonly Ending[]): Promise<unknown> {
  let count = 0
  await using server = await startRawServer(async (request, response) => {
    for await (const _ of request);
    endings[count++]?.(response)
  })
  const { client } = testClient(server.origin, { retry: { maxAttempts: endings.length } })
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
