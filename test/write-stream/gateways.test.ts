/**
 * What stands between and answers for the service, or asks it twice: both truths of each case. The
 * fault script gives the answers; only a real gateway can ask twice on one request of the client.
 */
import { describe, expect, it } from 'vitest'
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { Fault, FaultMatch, OssServer } from '../../src/server/server.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { startGateway } from '../helpers/gateway.js'
import type { SeenRequest } from '../helpers/http-server.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, openStream, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(2.5 * PART)
const SMALL = bytes(PART, 2)
const PAGE = '<html><h1>The network administrator says hello</h1></html>'

const isPut = ({ method, path }: SeenRequest) => method === 'PUT' && !path.includes('?')
const isComplete = ({ method, path }: SeenRequest) => method === 'POST' && /uploadId=/.test(path)

/** Uploads through a gateway that asks twice, with what stands there before. */
async function uploadTwice(
  input: Buffer,
  which: (request: SeenRequest) => boolean,
  options: OssWriteStreamOptions = {},
  before?: Buffer,
) {
  const server = await startServer()
  if (before !== undefined) {
    await ending(createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server)).end(before))
  }
  const endpoint = await startGateway(server.port, which)
  const out = createOssWriteStream(
    `oss://bucket/${KEY}`,
    streamOptions(server, { endpoint, ...options }),
  )
  out.end(input)
  return { server, out, error: await ending(out) }
}

describe('a gateway that asks twice', () => {
  it.each([
    ['Put, which is refused the second time', SMALL, isPut, { forbidOverwrite: true }],
    ['Complete, whose upload is gone the second time', INPUT, isComplete, {}],
  ])('for a %s makes no failure of a success', async (_, input, which, options) => {
    const { server, out, error } = await uploadTwice(input, which, options)
    expect(error).toBeUndefined()
    expect(out.result?.size).toBe(input.length)
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it.each([
    ['PutObject', SMALL, isPut],
    ['CompleteMultipartUpload', INPUT, isComplete],
  ] as const)(
    'for a %s, and the second time too late, makes no failure of a success',
    async (operation, input, which) => {
      const server = await startServer()
      server.faults.add({ operation, skip: 1 }, { skewMs: 3_600_000 })
      const endpoint = await startGateway(server.port, which)
      const out = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server, { endpoint }))
      out.end(input)
      expect(await ending(out)).toBeUndefined()
      const refused = server.requests.of(operation).filter(({ status }) => status === 403)
      expect(refused.map(({ ossCode }) => ossCode)).toEqual(
        Array(refused.length).fill('RequestTimeTooSkewed'),
      )
      expect(refused.length).toBeGreaterThan(1)
      expect((await stored(server))?.equals(input)).toBe(true)
    },
  )

  it.each([
    ['Put', SMALL, isPut, { forbidOverwrite: true }],
    ['Complete', INPUT, isComplete, {}],
  ])('for a %s without a marker is not found out', async (_, input, which, options) => {
    const { server, error } = await uploadTwice(input, which, { marker: false, ...options })
    expect(error).toMatchObject({ outcome: 'unknown' })
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it('for a Put over what must not be overwritten leaves that, and says so', async () => {
    const before = bytes(7)
    const options = { forbidOverwrite: true }
    const { server, error } = await uploadTwice(SMALL, isPut, options, before)
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
  const PUT = { operation: 'PutObject', times: Infinity } as const
  const COMPLETE = { operation: 'CompleteMultipartUpload', times: Infinity } as const
  const HEAD = { operation: 'HeadObject', times: Infinity } as const
  const ABORT = { operation: 'AbortMultipartUpload', times: Infinity } as const

  /** Answers for the service, which does what was asked, or never hears of it. */
  function answerFor(
    server: OssServer,
    match: FaultMatch,
    [status, body]: readonly [number, string],
    process: boolean,
  ): Fault {
    // Not even an empty one: no answer of a gateway has the service's request id.
    server.faults.add(match, { dropHeader: 'x-oss-request-id' })
    const headers = { 'content-type': 'text/html' }
    return server.faults.add(match, { status, body, headers, process })
  }

  async function answered(match: FaultMatch, page: readonly [number, string], process: boolean) {
    const opened = await openStream()
    const { server, out } = opened
    const answers = answerFor(server, match, page, process)
    out.end(match === PUT ? SMALL : INPUT)
    const error = await ending(out)
    expect(answers.hits).toBeGreaterThan(0)
    return { ...opened, error }
  }

  it.each(PAGES)('(%i, %j) to a Put that took effect is no failure', async (...page) => {
    const { out, error } = await answered(PUT, page, true)
    expect(error).toBeUndefined()
    expect(out.result?.size).toBe(SMALL.length)
  })

  it.each(PAGES)('(%i, %j) to a Put that did not leaves it unknown', async (...page) => {
    const { server, error } = await answered(PUT, page, false)
    expect(error).toMatchObject({ outcome: 'unknown' })
    expect(server.objects.list()).toEqual([])
  })

  it.each(PAGES)('(%i, %j) to a Complete that took effect is no failure', async (...page) => {
    const { server, error } = await answered(COMPLETE, page, true)
    expect(error).toBeUndefined()
    expect((await stored(server))?.equals(INPUT)).toBe(true)
  })

  it.each(PAGES)('(%i, %j) to a Complete that did not is settled by Abort', async (...page) => {
    const { server, error } = await answered(COMPLETE, page, false)
    expect(error).toMatchObject({ outcome: 'absent' })
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
  })

  it.each([
    ['is not taken for a key with nothing', PUT, SMALL],
    ['does not make a Complete absent that took effect', COMPLETE, INPUT],
  ] as const)('(404, "") to HEAD %s', async (_, match, input) => {
    const { server, out } = await openStream()
    answerFor(server, match, [502, ''], true)
    const head = answerFor(server, HEAD, [404, ''], false)
    out.end(input)
    expect(await ending(out)).toMatchObject({ outcome: 'unknown' })
    expect(head.hits).toBeGreaterThan(0)
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it.each([200, 204])('(%i) to Abort is not taken for an upload that is gone', async (status) => {
    const { server, out } = await openStream()
    answerFor(server, COMPLETE, [403, PAGE], false)
    answerFor(server, ABORT, [status, ''], false)
    out.end(INPUT)
    expect(await ending(out)).toMatchObject({ outcome: 'unknown', uploadId: out.uploadId })
    expect(out.abortError).toMatchObject({ code: 'ERR_OSS_MALFORMED_RESPONSE' })
    expect(server.uploads.list()).toHaveLength(1)
  })
})
