/**
 * What every UploadTarget holds to, sentence by sentence. Whoever implements the seam runs this:
 * what the upload's tests find out with a fake is only true of the service if both obey.
 */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Cancellation } from '../../src/cancellation.js'
import { crc64, multipartEtag } from '../../src/protocol/digest.js'
import type { BodyDigests, UploadTarget } from '../../src/upload/upload-target.js'
import { bytes, PART } from '../helpers/new-upload.js'

/** A target for one key, and what the suite must be able to do around it. */
export interface Subject {
  readonly target: UploadTarget
  /** Value of the marker in the object headers that the target was made with. */
  readonly marker: string | undefined
  /** Makes all further calls of a verb wait; resolves `reached` with the first that does. */
  hold(verb: 'put' | 'uploadPart'): { readonly reached: Promise<void>; release(): void }
  /** What stands at the key, past the target. */
  content(): Promise<Buffer | undefined>
  /** The user metadata of what stands at the key, past the target. */
  meta(): Promise<Readonly<Record<string, string>> | undefined>
}

const A = bytes(PART, 1)
const B = bytes(PART, 2)
const LAST = bytes(1000, 3)
const REASON = new Error('the reason')

/** @param open a target of its own for each test, where nothing stands yet; with or without a marker */
export function holdsToContract(
  name: string,
  open: (marker: string | undefined) => Promise<Subject>,
): void {
  describe(`${name}, put`, () => {
    it('stores the bytes of all pieces in order, and tells their ETag and CRC-64', async () => {
      const { target, content } = await open('mine')
      const stored = await target.put(bodyOf([A, LAST]))
      const whole = Buffer.concat([A, LAST])
      expect((await content())?.equals(whole)).toBe(true)
      expect(stored).toMatchObject({ etag: etagOf(whole), crc64: crc64(whole) })
    })

    it('stores metadata that is known only now', async () => {
      const { target, meta } = await open('mine')
      await target.put({ ...bodyOf([LAST]), meta: { 'known-late': 'yes' } })
      expect(await meta()).toMatchObject({ 'known-late': 'yes' })
      expect((await target.head(unaborted()))?.marker).toBe('mine')
    })

    it('stores an empty object from no piece at all', async () => {
      const { target, content } = await open('mine')
      const stored = await target.put(bodyOf([]))
      expect(stored).toMatchObject({ etag: etagOf(Buffer.alloc(0)), crc64: 0n })
      expect(await content()).toEqual(Buffer.alloc(0))
    })

    it('replaces what stood there', async () => {
      const { target, content } = await open('mine')
      await target.put(bodyOf([A]))
      await target.put(bodyOf([LAST]))
      expect((await content())?.equals(LAST)).toBe(true)
    })

    it('never changes the bytes it is given', async () => {
      const { target } = await open('mine')
      const given = Buffer.from(LAST)
      await target.put(bodyOf([given]))
      expect(given.equals(LAST)).toBe(true)
    })

    it('is refused with the reason that it is called off with, and stores nothing', async () => {
      const { target, content } = await open('mine')
      const cancellation = new Cancellation()
      cancellation.abort(REASON)
      await expect(target.put({ ...bodyOf([A]), cancellation })).rejects.toBe(REASON)
      expect(await content()).toBeUndefined()
    })

    it('ends with that reason in the middle', async () => {
      const { target, hold } = await open('mine')
      const { reached, release } = hold('put')
      const cancellation = new Cancellation()
      const putting = target.put({ ...bodyOf([A]), cancellation })
      await reached
      cancellation.abort(REASON)
      await expect(putting).rejects.toBe(REASON)
      release()
    })
  })

  describe(`${name}, head`, () => {
    it('finds nothing where nothing stands', async () => {
      const { target } = await open('mine')
      expect(await target.head(unaborted())).toBeUndefined()
    })

    it('finds what was put, with size, digests and marker', async () => {
      const { target, marker } = await open('mine')
      await target.put(bodyOf([LAST]))
      expect(await target.head(unaborted())).toMatchObject({
        size: LAST.length,
        etag: etagOf(LAST),
        md5: etagOf(LAST),
        crc64: crc64(LAST),
        marker,
      })
    })

    it('finds no marker where none was given', async () => {
      const { target } = await open(undefined)
      await target.put(bodyOf([LAST]))
      expect((await target.head(unaborted()))?.marker).toBeUndefined()
    })

    it('does not find an upload that is not complete', async () => {
      const { target } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      await target.uploadPart({ uploadId, partNumber: 1, ...bodyOf([A]) })
      expect(await target.head(unaborted())).toBeUndefined()
    })

    it('rejects with the reason of a signal that is aborted', async () => {
      const { target } = await open('mine')
      await expect(target.head({ signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON)
    })
  })

  describe(`${name}, initiate`, () => {
    it('gives an id of its own each time', async () => {
      const { target } = await open('mine')
      const ids = await Promise.all([target.initiate(unstopped()), target.initiate(unstopped())])
      expect(new Set(ids).size).toBe(2)
      for (const uploadId of ids) {
        expect(uploadId).not.toBe('')
        expect(await target.isAlive({ uploadId, ...unaborted() })).toBe(true)
      }
    })
  })

  describe(`${name}, uploadPart`, () => {
    it('tells the ETag and CRC-64 of the part', async () => {
      const { target } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      const stored = await target.uploadPart({ uploadId, partNumber: 7, ...bodyOf([LAST, LAST]) })
      const whole = Buffer.concat([LAST, LAST])
      expect(stored).toMatchObject({ etag: etagOf(whole), crc64: crc64(whole) })
    })

    it('replaces a part of the same number', async () => {
      const { target, content } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      await target.uploadPart({ uploadId, partNumber: 1, ...bodyOf([A]) })
      const { etag } = await target.uploadPart({ uploadId, partNumber: 1, ...bodyOf([B]) })
      await target.complete({ uploadId, parts: [{ partNumber: 1, etag }], ...unstopped() })
      expect((await content())?.equals(B)).toBe(true)
    })

    it('is refused for an upload that nobody knows', async () => {
      const { target } = await open('mine')
      const part = { uploadId: 'unknown', partNumber: 1, ...bodyOf([A]) }
      await expect(target.uploadPart(part)).rejects.toMatchObject({
        code: 'ERR_OSS_SERVICE',
        status: 404,
        ossCode: 'NoSuchUpload',
      })
    })

    it('ends with the reason it is called off with: before, or in the middle', async () => {
      const { target, hold } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      const part = { uploadId, partNumber: 1, ...bodyOf([A]) }
      const before = new Cancellation()
      before.abort(REASON)
      await expect(target.uploadPart({ ...part, cancellation: before })).rejects.toBe(REASON)
      const { reached, release } = hold('uploadPart')
      const cancellation = new Cancellation()
      const sending = target.uploadPart({ ...part, cancellation })
      await reached
      cancellation.abort(REASON)
      await expect(sending).rejects.toBe(REASON)
      release()
    })
  })

  describe(`${name}, complete`, () => {
    it('publishes the parts in the order of their numbers, whenever they came', async () => {
      const { target, content, marker } = await open('mine')
      const { uploadId, parts } = await uploaded(target, [LAST, B, A])
      const stored = await target.complete({ uploadId, parts, ...unstopped() })
      const whole = Buffer.concat([A, B, LAST])
      expect((await content())?.equals(whole)).toBe(true)
      expect(stored).toMatchObject({
        etag: multipartEtag([A, B, LAST].map(etagOf)),
        crc64: crc64(whole),
      })
      expect(await target.head(unaborted())).toMatchObject({
        size: whole.length,
        etag: stored.etag,
        md5: undefined,
        crc64: crc64(whole),
        marker,
      })
    })

    it('takes the parts that it is told, and drops the others', async () => {
      const { target, content } = await open('mine')
      const { uploadId, parts } = await uploaded(target, [LAST, B, A])
      await target.complete({ uploadId, parts: parts.slice(0, 2), ...unstopped() })
      expect((await content())?.equals(Buffer.concat([A, B]))).toBe(true)
    })

    it('ends the upload: it is not alive, cannot be completed twice, and abort finds it gone', async () => {
      const { target } = await open('mine')
      const { uploadId, parts } = await uploaded(target, [A])
      await target.complete({ uploadId, parts, ...unstopped() })
      expect(await target.isAlive({ uploadId, ...unaborted() })).toBe(false)
      await expect(target.complete({ uploadId, parts, ...unstopped() })).rejects.toMatchObject({
        status: 404,
        ossCode: 'NoSuchUpload',
      })
      expect(await target.abort({ uploadId, ...unaborted() })).toBe('gone')
    })

    it.each([
      ['a part that was never sent', 9, (etag: string) => etag],
      ['an ETag that is not the part', 1, (etag: string) => etag.replace(/^./, '_')],
    ])('refuses %s, and the upload lives on', async (_name, partNumber, change) => {
      const { target, content } = await open('mine')
      const { uploadId, parts } = await uploaded(target, [A])
      const wrong = [{ partNumber, etag: change(parts[0]?.etag ?? '') }]
      const completing = target.complete({ uploadId, parts: wrong, ...unstopped() })
      await expect(completing).rejects.toMatchObject({ status: 400, ossCode: 'InvalidPart' })
      expect(await content()).toBeUndefined()
      expect(await target.isAlive({ uploadId, ...unaborted() })).toBe(true)
      await target.complete({ uploadId, parts, ...unstopped() })
      expect((await content())?.equals(A)).toBe(true)
    })
  })

  describe(`${name}, listParts`, () => {
    it('tells number, size, ETag and CRC-64 of each part, ascending', async () => {
      const { target } = await open('mine')
      const { uploadId } = await uploaded(target, [LAST, A, B])
      expect(await target.listParts({ uploadId, ...unaborted() })).toEqual(
        [B, A, LAST].map((part, index) => ({
          partNumber: index + 1,
          size: part.length,
          etag: etagOf(part),
          crc64: crc64(part),
        })),
      )
    })

    it('tells of a part as it was sent last', async () => {
      const { target } = await open('mine')
      const { uploadId } = await uploaded(target, [A])
      await target.uploadPart({ uploadId, partNumber: 1, ...bodyOf([LAST]) })
      expect(await target.listParts({ uploadId, ...unaborted() })).toMatchObject([
        { partNumber: 1, size: LAST.length, etag: etagOf(LAST) },
      ])
    })

    it('tells an upload without parts from one that is gone', async () => {
      const { target } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      expect(await target.listParts({ uploadId, ...unaborted() })).toEqual([])
      await target.abort({ uploadId, ...unaborted() })
      expect(await target.listParts({ uploadId, ...unaborted() })).toBeUndefined()
    })

    it('rejects with the reason of a signal that is aborted', async () => {
      const { target } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      const signal = AbortSignal.abort(REASON)
      await expect(target.listParts({ uploadId, signal })).rejects.toBe(REASON)
    })
  })

  describe(`${name}, remove`, () => {
    it('takes away what stands there, and is content if nothing does', async () => {
      const { target, content } = await open('mine')
      await target.put(bodyOf([A]))
      await target.remove(unaborted())
      expect(await content()).toBeUndefined()
      await target.remove(unaborted())
    })

    it('leaves it, and rejects with the reason of a signal that is aborted', async () => {
      const { target, content } = await open('mine')
      await target.put(bodyOf([LAST]))
      const signal = AbortSignal.abort(REASON)
      await expect(target.remove({ signal })).rejects.toBe(REASON)
      expect((await content())?.equals(LAST)).toBe(true)
    })
  })

  describe(`${name}, abort`, () => {
    it('ends the upload, once; what stands at the key stays', async () => {
      const { target, content } = await open('mine')
      await target.put(bodyOf([LAST]))
      const { uploadId } = await uploaded(target, [A])
      expect(await target.abort({ uploadId, ...unaborted() })).toBe('aborted')
      expect(await target.isAlive({ uploadId, ...unaborted() })).toBe(false)
      expect(await target.abort({ uploadId, ...unaborted() })).toBe('gone')
      const part = { uploadId, partNumber: 2, ...bodyOf([A]) }
      await expect(target.uploadPart(part)).rejects.toMatchObject({ ossCode: 'NoSuchUpload' })
      expect((await content())?.equals(LAST)).toBe(true)
    })

    it('finds an upload gone that nobody knows', async () => {
      const { target } = await open('mine')
      expect(await target.abort({ uploadId: 'unknown', ...unaborted() })).toBe('gone')
      expect(await target.isAlive({ uploadId: 'unknown', ...unaborted() })).toBe(false)
    })

    it('leaves other uploads of the key alone', async () => {
      const { target, content } = await open('mine')
      const [one, other] = [await uploaded(target, [A]), await uploaded(target, [B])]
      await target.abort({ uploadId: one.uploadId, ...unaborted() })
      await target.complete({ ...other, ...unstopped() })
      expect((await content())?.equals(B)).toBe(true)
    })

    it('rejects with the reason of a signal that is aborted, as isAlive does', async () => {
      const { target } = await open('mine')
      const uploadId = await target.initiate(unstopped())
      const signal = AbortSignal.abort(REASON)
      await expect(target.abort({ uploadId, signal })).rejects.toBe(REASON)
      await expect(target.isAlive({ uploadId, signal })).rejects.toBe(REASON)
      expect(await target.isAlive({ uploadId, ...unaborted() })).toBe(true)
    })
  })
}

/** Sends parts 1 to n with the last number first. */
async function uploaded(target: UploadTarget, lastFirst: readonly Buffer[]) {
  const uploadId = await target.initiate(unstopped())
  const parts: { partNumber: number; etag: string }[] = []
  for (const [index, part] of lastFirst.entries()) {
    const partNumber = lastFirst.length - index
    const { etag } = await target.uploadPart({ uploadId, partNumber, ...bodyOf([part]) })
    parts.unshift({ partNumber, etag })
  }
  return { uploadId, parts }
}

function bodyOf(body: readonly Uint8Array[]) {
  const whole = Buffer.concat(body)
  const digests: BodyDigests = { md5: createHash('md5').update(whole).digest() }
  return { body, size: whole.length, digests, ...unaborted(), cancellation: new Cancellation() }
}

const unaborted = () => ({ signal: new AbortController().signal })
const unstopped = () => ({ stop: new AbortController().signal })

function etagOf(content: Buffer): string {
  return createHash('md5').update(content).digest('hex').toUpperCase()
}
