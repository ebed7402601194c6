/** What stands between and answers for the service, or asks it twice: both truths of each case. */
import { describe, expect, it } from 'vitest'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { type Passage, startGateway } from '../helpers/gateway.js'
import type { SeenRequest } from '../helpers/http-server.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(2.5 * PART)
const SMALL = bytes(PART, 2)
const PAGE = '<html><h1>The network administrator says hello</h1></html>'

const isPut = ({ method, path }: SeenRequest) => method === 'PUT' && !path.includes('?')
const isComplete = ({ method, path }: SeenRequest) => method === 'POST' && /uploadId=/.test(path)
const isHead = ({ method }: SeenRequest) => method === 'HEAD'
const isAbort = ({ method }: SeenRequest) => method === 'DELETE'

/** Uploads through a gateway, with what stands there before. */
async function upload(
  input: Buffer,
  choose: (request: SeenRequest) => Passage,
  options: OssWriteStreamOptions = {},
  before?: Buffer,
) {
  const server = await startServer()
  if (before !== undefined) {
    await ending(createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server)).end(before))
  }
  const endpoint = await startGateway(server.port, choose)
  const out = createOssWriteStream(
    `oss://bucket/${KEY}`,
    streamOptions(server, { endpoint, ...options }),
  )
  out.end(input)
  return { server, out, error: await ending(out) }
}

describe('a gateway that asks twice', () => {
  const twice = (which: (request: SeenRequest) => boolean) => (request: SeenRequest) =>
    which(request) ? 'twice' : 'pass'

  it.each([
    ['Put, which is refused the second time', SMALL, isPut, { forbidOverwrite: true }],
    ['Complete, whose upload is gone the second time', INPUT, isComplete, {}],
  ])('for a %s makes no failure of a success', async (_, input, which, options) => {
    const { server, out, error } = await upload(input, twice(which), options)
    expect(error).toBeUndefined()
    expect(out.result?.size).toBe(input.length)
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it.each([
    ['Put', SMALL, isPut, { forbidOverwrite: true }],
    ['Complete', INPUT, isComplete, {}],
  ])('for a %s without a marker is not found out', async (_, input, which, options) => {
    const { server, error } = await upload(input, twice(which), { marker: false, ...options })
    expect(error).toMatchObject({ outcome: 'unknown' })
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it('for a Put over what must not be overwritten leaves that, and says so', async () => {
    const before = bytes(7)
    const options = { forbidOverwrite: true }
    const { server, error } = await upload(SMALL, twice(isPut), options, before)
    expect(error).toMatchObject({ ossCode: 'FileAlreadyExists', outcome: 'absent' })
    expect((await stored(server))?.equals(before)).toBe(true)
  })
})

describe('a page of the gateway in place of the answer', () => {
  const PAGES = [
    [403, PAGE],
    [404, ''],
    [404, PAGE],
    [413, PAGE],
    [302, ''],
    [200, PAGE],
  ] as const
  const answer = (
    which: (request: SeenRequest) => boolean,
    [status, body]: readonly [number, string],
    forwards: boolean,
  ) => {
    return (request: SeenRequest) => (which(request) ? { status, body, forwards } : 'pass')
  }

  it.each(PAGES)('(%i, %j) to a Put that took effect is no failure', async (...page) => {
    const { out, error } = await upload(SMALL, answer(isPut, page, true))
    expect(error).toBeUndefined()
    expect(out.result?.size).toBe(SMALL.length)
  })

  it.each(PAGES)('(%i, %j) to a Put that did not leaves it unknown', async (...page) => {
    const { server, error } = await upload(SMALL, answer(isPut, page, false))
    expect(error).toMatchObject({ outcome: 'unknown' })
    expect(server.objects.list()).toEqual([])
  })

  it.each(PAGES)('(%i, %j) to a Complete that took effect is no failure', async (...page) => {
    const { server, error } = await upload(INPUT, answer(isComplete, page, true))
    expect(error).toBeUndefined()
    expect((await stored(server))?.equals(INPUT)).toBe(true)
  })

  it.each(PAGES)('(%i, %j) to a Complete that did not is settled by Abort', async (...page) => {
    const { server, error } = await upload(INPUT, answer(isComplete, page, false))
    expect(error).toMatchObject({ outcome: 'absent' })
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
  })

  it('(404, "") to HEAD is not taken for a key with nothing', async () => {
    const { server, error } = await upload(SMALL, (request) => {
      if (isPut(request)) return { status: 502, forwards: true }
      return isHead(request) ? { status: 404, forwards: false } : 'pass'
    })
    expect(error).toMatchObject({ outcome: 'unknown' })
    expect((await stored(server))?.equals(SMALL)).toBe(true)
  })

  it('(404, "") to HEAD does not make a Complete absent that took effect', async () => {
    const { server, error } = await upload(INPUT, (request) => {
      if (isComplete(request)) return { status: 502, forwards: true }
      return isHead(request) ? { status: 404, forwards: false } : 'pass'
    })
    expect(error).toMatchObject({ outcome: 'unknown' })
    expect((await stored(server))?.equals(INPUT)).toBe(true)
  })

  it.each([200, 204])('(%i) to Abort is not taken for an upload that is gone', async (status) => {
    const { server, out, error } = await upload(INPUT, (request) => {
      if (isComplete(request)) return { status: 403, body: PAGE, forwards: false }
      return isAbort(request) ? { status, forwards: false } : 'pass'
    })
    expect(error).toMatchObject({ outcome: 'unknown', uploadId: out.uploadId })
    expect(out.abortError).toMatchObject({ code: 'ERR_OSS_MALFORMED_RESPONSE' })
    expect(server.uploads.list()).toHaveLength(1)
  })
})
