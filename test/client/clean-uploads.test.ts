import { describe, expect, it } from 'vitest'
import type { CleanUploadsOptions } from '../../src/client/clean-uploads.js'
import { OssClient } from '../../src/client/client.js'
import { systemClock } from '../../src/client/clock.js'
import { InvalidOptionError } from '../../src/errors.js'
import { startServer } from '../helpers/start-server.js'

const HOUR = 3_600_000

/** A bucket with an upload of each age in hours, under keys that tell it. */
async function bucketWith(...ages: number[]) {
  let offset = 0
  let now = Date.parse('2026-11-24T12:00:00Z')
  const end = now
  const server = await startServer({ now: () => now })
  const clock = { ...systemClock, now: () => now + offset }
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {}, clock })
  for (const age of ages) {
    now = end - age * HOUR
    await client.initiateMultipartUpload({ key: `${age < 10 ? 'new' : 'old'}/${age}` })
  }
  now = end
  const left = () => server.uploads.list().map((upload) => upload.key)
  const setClock = (ms: number) => {
    offset = ms
  }
  return { server, client, left, setClock }
}

describe('cleanUploads', () => {
  it('ends what is older than an age, and nothing else', async () => {
    const { client, left } = await bucketWith(1, 23, 25, 100)
    const { cleaned, kept, failed } = await client.cleanUploads({ olderThan: 24 * HOUR })
    expect(cleaned.map((upload) => upload.key)).toEqual(['old/100', 'old/25'])
    expect({ kept, failed }).toEqual({ kept: 2, failed: [] })
    expect(left().sort()).toEqual(['new/1', 'old/23'])
  })

  it('counts ages by the clock of the service where ours is off', async () => {
    const { client, left, setClock } = await bucketWith(1, 25)
    setClock(48 * HOUR)
    const { cleaned } = await client.cleanUploads({ olderThan: 24 * HOUR })
    expect(cleaned.map((upload) => upload.key)).toEqual(['old/25'])
    expect(left()).toEqual(['new/1'])
  })

  it('takes a date, and only keys that begin with the prefix', async () => {
    const { client, left } = await bucketWith(1, 23, 25)
    const olderThan = new Date('2026-11-24T11:30:00Z')
    const { cleaned } = await client.cleanUploads({ prefix: 'new/', olderThan })
    expect(cleaned.map((upload) => upload.key)).toEqual(['new/1'])
    expect(left().sort()).toEqual(['old/23', 'old/25'])
  })

  it('ends nothing with `dryRun`, and tells what it would end', async () => {
    const { client, left, server } = await bucketWith(1, 25)
    const { cleaned } = await client.cleanUploads({ olderThan: 24 * HOUR, dryRun: true })
    expect(cleaned.map((upload) => upload.key)).toEqual(['old/25'])
    expect(left()).toHaveLength(2)
    expect(server.requests.of('AbortMultipartUpload')).toEqual([])
  })

  it('goes on after one that cannot be ended, and tells it', async () => {
    const { client, left, server } = await bucketWith(25, 26)
    server.faults.add(
      { operation: 'AbortMultipartUpload', key: 'old/25' },
      { status: 403, code: 'AccessDenied' },
    )
    const { cleaned, failed } = await client.cleanUploads({ olderThan: 0 })
    expect(cleaned.map((upload) => upload.key)).toEqual(['old/26'])
    expect(failed).toMatchObject([
      { upload: { key: 'old/25' }, error: { ossCode: 'AccessDenied' } },
    ])
    expect(left()).toEqual(['old/25'])
  })

  it('counts one that has ended meanwhile as ended', async () => {
    const { client, server } = await bucketWith(25)
    server.faults.add({ operation: 'AbortMultipartUpload' }, { status: 404, code: 'NoSuchUpload' })
    const { cleaned, failed } = await client.cleanUploads({ olderThan: 0 })
    expect([cleaned.length, failed.length]).toEqual([1, 0])
  })

  it('goes through all pages', async () => {
    const { client, left } = await bucketWith()
    for (let batch = 0; batch < 11; batch++) {
      const keys = Array.from({ length: 100 }, (_, index) => `${batch}/${index}`)
      await Promise.all(keys.map((key) => client.initiateMultipartUpload({ key })))
    }
    const { cleaned } = await client.cleanUploads({ olderThan: new Date('2026-11-25T00:00:00Z') })
    expect(cleaned).toHaveLength(1100)
    expect(left()).toEqual([])
  })

  it('stops with the reason of its signal', async () => {
    const { client, server } = await bucketWith(25, 26)
    const controller = new AbortController()
    const held = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
    const cleaning = client.cleanUploads({ olderThan: 0, signal: controller.signal })
    await held.reached()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(cleaning).rejects.toBe(reason)
    held.release()
  })

  it.each([undefined, -1, Number.NaN, '1d', new Date('?')])('refuses the age %s', async (value) => {
    const { client } = await bucketWith()
    const options: CleanUploadsOptions = JSON.parse('{}')
    Object.assign(options, { olderThan: value })
    await expect(client.cleanUploads(options)).rejects.toBeInstanceOf(InvalidOptionError)
  })
})
