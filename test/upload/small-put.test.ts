/** An object that is one small part, whose MD5 may come a turn of the event loop later. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { md5Of } from '../../src/protocol/digest.js'
import { Gate } from '../helpers/gate.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'

/** An upload whose small MD5s wait at a gate. */
function newSmallUpload() {
  const gate = new Gate()
  const asked: string[] = []
  const made = newUpload({
    smallMd5: async (message) => {
      asked.push(Buffer.from(message).toString())
      await gate.arrive()
      return md5Of(message)
    },
  })
  return { ...made, gate, asked }
}

describe('an object that is one small part', () => {
  it('is put once its MD5 is there', async () => {
    const { upload, target, gate, asked } = newSmallUpload()
    await upload.append(Buffer.from('hello, '))
    await upload.append(Buffer.from('world'))
    const finished = upload.finish()
    await gate.reached()
    expect(target.trail).toEqual([])
    gate.open()
    expect(await finished).toMatchObject({ size: 12, parts: 1 })
    expect(asked).toEqual(['hello, world'])
    expect(target.object?.bytes.toString()).toBe('hello, world')
  })

  it('is not put if the upload is given up meanwhile, and gives its memory back', async () => {
    const { upload, target, gate, failures } = newSmallUpload()
    await upload.append(Buffer.from('hello'))
    const finished = upload.finish()
    await gate.reached()
    const reason = new Error('given up')
    const report = upload.abort(reason)
    gate.open()
    await expect(finished).rejects.toBe(reason)
    expect(await report).toMatchObject({ outcome: 'absent' })
    expect([target.trail, target.object, failures]).toEqual([[], undefined, []])
    expect(upload.progress.heldBytes).toBe(0)
  })

  it('is not given up before its memory has been given back', async () => {
    const { upload, gate } = newSmallUpload()
    await upload.append(Buffer.from('hello'))
    const finished = upload.finish()
    await gate.reached()
    const reason = new Error('given up')
    const refused = expect(finished).rejects.toBe(reason)
    const held = upload.abort(reason).then(() => upload.progress.heldBytes)
    // It has had every chance to be over too early.
    await nextTurn()
    gate.open()
    expect(await held).toBe(0)
    await refused
  })

  it('leaves no buffer behind with an upload that is kept for its result', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const buffers: WeakRef<ArrayBufferLike>[] = []
    const allocate = (size: number) => {
      const buffer = Buffer.allocUnsafeSlow(size)
      buffers.push(new WeakRef(buffer.buffer))
      return buffer
    }
    const { upload } = newUpload({ slabs: { allocate, free: () => {} } })
    await upload.append(Buffer.from('hello'))
    await upload.finish()
    // What was looked at in this turn of the event loop is kept until its end.
    await nextTurn()
    collectGarbage()
    expect(buffers.map((buffer) => buffer.deref())).toEqual([undefined])
    expect(upload.state).toBe('completed')
  })

  it('may be empty', async () => {
    const { upload, target, asked, gate } = newSmallUpload()
    gate.open()
    await upload.finish()
    expect(asked).toEqual([''])
    expect(target.object?.bytes.byteLength).toBe(0)
  })

  it('is hashed as it comes if it is large, or one of several parts', async () => {
    for (const size of [PART, PART + 1]) {
      const { upload, asked, target } = newSmallUpload()
      const content = bytes(size)
      await upload.append(content)
      await upload.finish()
      expect(asked).toEqual([])
      expect(target.object?.bytes.equals(content)).toBe(true)
    }
  })
})
