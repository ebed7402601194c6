/** Bytes that are counted and hashed on their way. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createDigestTap, type DigestTapOptions } from '../src/digest-tap.js'
import { crc64 } from '../src/protocol/digest.js'
import { bytes } from './helpers/new-upload.js'

const CONTENT = bytes(100_003)
const hash = (name: string) => createHash(name).update(CONTENT).digest('hex')

describe('a digest tap', () => {
  it('passes bytes on, counts them, and tells their digests at the end', async () => {
    const tap = createDigestTap({ md5: true, sha256: true, crc64: true })
    const passing = buffer(Readable.from([CONTENT.subarray(0, 7), CONTENT.subarray(7)]).pipe(tap))
    expect(tap.digests).toBeUndefined()
    expect((await passing).equals(CONTENT)).toBe(true)
    expect(tap.bytes).toBe(CONTENT.length)
    expect(tap.digests).toEqual({
      md5: hash('md5'),
      sha256: hash('sha256'),
      crc64: `${crc64(CONTENT)}`,
    })
  })

  it('computes what is asked for only', async () => {
    const tap = createDigestTap({ sha256: true, md5: false })
    await buffer(Readable.from([CONTENT]).pipe(tap))
    expect(tap.digests).toEqual({ sha256: hash('sha256') })
    const counter = createDigestTap()
    await buffer(Readable.from([CONTENT]).pipe(counter))
    expect([counter.bytes, counter.digests]).toEqual([CONTENT.length, {}])
  })

  it('tells no digest of a part of the bytes', async () => {
    const tap = createDigestTap({ md5: true })
    tap.write('half')
    tap.destroy()
    expect(tap.digests).toBeUndefined()
  })

  it.each<[unknown, string]>([
    [{ sha25: true }, 'Unknown option `sha25` of createDigestTap(); did you mean `sha256`?'],
    [{ md5: 'yes' }, 'Expected `md5` to be a boolean, got `yes` (string)'],
    [null, 'Expected `options` to be an object, a plain one, got `null`'],
  ])('refuses %j', (options, message) => {
    expect(() => createDigestTap(options as DigestTapOptions)).toThrow(message)
  })
})
