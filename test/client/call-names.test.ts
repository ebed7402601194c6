import { describe, expect, it } from 'vitest'
import { type CallName, checkCallOptions } from '../../src/client/call-names.js'
import { OssClient } from '../../src/client/client.js'
import { InvalidOptionError } from '../../src/errors.js'
import { startServer } from '../helpers/start-server.js'

const METHODS: CallName[] = [
  'initiateMultipartUpload',
  'uploadPart',
  'listParts',
  'completeMultipartUpload',
  'abortMultipartUpload',
  'listMultipartUploads',
  'cleanUploads',
  'putObject',
  'headObject',
  'getObject',
  'receiveObject',
  'deleteObject',
  'deleteObjects',
]

describe('a call', () => {
  it.each(METHODS)('%s refuses an option that it does not have', async (method) => {
    const server = await startServer()
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    const call: unknown = Reflect.get(client, method)
    const run = async (options?: unknown) =>
      typeof call === 'function' ? call.call(client, options) : undefined
    const error = await run({ key: 'a', olderThan: 0, sginal: 1 }).catch((reason) => reason)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(await run(null).catch((reason) => reason)).toBeInstanceOf(InvalidOptionError)
    expect(server.requests.all).toEqual([])
  })

  it('names what was meant', () => {
    expect(() => checkCallOptions('putObject', { forbidOverwite: true })).toThrow(
      'Unknown option `forbidOverwite` of putObject(); did you mean `forbidOverwrite`?',
    )
  })

  it('takes what the call before has answered', async () => {
    const server = await startServer()
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    const upload = await client.initiateMultipartUpload({ key: 'a' })
    const part = await client.uploadPart({ ...upload, partNumber: 1, body: 'x' })
    await client.completeMultipartUpload({ ...upload, parts: [part] })
    expect(server.objects.get('bucket', 'a')?.size).toBe(1)
  })
})
