/** What answers with a status of success may mean beside it. */
import { describe, expect, it } from 'vitest'
import type { OssClient } from '../../src/client/client.js'
import { encodeError } from '../../src/protocol/xml.js'
import type { RawFault } from '../../src/server/server.js'
import { openClient } from '../helpers/open-client.js'

const COMPLETE =
  '<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>k</Key><ETag>"A-1"</ETag></CompleteMultipartUploadResult>'
const CALLBACK = { url: 'http://127.0.0.1/done', body: 'done' }
const CALLBACK_FAILED = encodeError({
  code: 'CallbackFailed',
  message: 'Error status : 502.',
  requestId: '5F00',
})

type Publish = (client: OssClient, callback?: typeof CALLBACK) => Promise<unknown>

const publishing: readonly [string, Publish][] = [
  ['putObject', (client, callback) => client.putObject({ key: 'k', body: '', callback })],
  [
    'completeMultipartUpload',
    (client, callback) =>
      client.completeMultipartUpload({
        key: 'k',
        uploadId: 'U',
        parts: [{ partNumber: 1, etag: 'A' }],
        callback,
      }),
  ],
]

/** The error of what is answered like this. */
async function failure(publish: Publish, answer: RawFault, callback?: typeof CALLBACK) {
  const { server, client } = await openClient()
  server.faults.add({ times: Infinity }, answer)
  return await publish(client, callback).catch((error: unknown) => error)
}

describe.each(publishing)('a 203 that answers %s', (_, publish) => {
  it.each([
    ['with a document of success', COMPLETE],
    ['with nothing', ''],
    ['with a page of a proxy', '<html>transformed</html>'],
  ])('without a callback is malformed: %s', async (_, body) => {
    const answer = { status: 203, headers: { etag: '"A"' }, body }
    expect(await failure(publish, answer)).toMatchObject({
      code: 'ERR_OSS_MALFORMED_RESPONSE',
      status: 203,
      uncertain: 'answered',
    })
  })

  it('with a callback says that this one failed, once', async () => {
    const answer = { status: 203, body: CALLBACK_FAILED }
    const error = await failure(publish, answer, CALLBACK)
    expect(error).toMatchObject({
      code: 'ERR_OSS_SERVICE',
      status: 203,
      ossCode: 'CallbackFailed',
      attempts: 1,
    })
    expect(error).not.toHaveProperty('uncertain')
  })
})
