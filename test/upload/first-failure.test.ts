/** Of several reasons for which an upload ends, the first is what everybody is told. */
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'

const ANOTHER = new Error('another reason')

function refused(): ServiceError {
  return new ServiceError({ status: 403, ossCode: 'AccessDenied' })
}

describe('an upload that is aborted for another reason after it has failed', () => {
  it('refuses `append` and `finish` with the failure', async () => {
    const { upload, target, failures } = newUpload()
    target.fail('uploadPart', refused())
    await upload.append(bytes(1.5 * PART))
    while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(await upload.abort(ANOTHER)).toEqual({ outcome: 'absent' })
    expect(failures).toMatchObject([{ ossCode: 'AccessDenied' }])
    expect(reasonOf(() => upload.append(bytes(1)))).toBe(failures[0])
    await expect(upload.finish()).rejects.toBe(failures[0])
  })
})

describe('an upload that is aborted twice', () => {
  it('refuses `append` and `finish` with the first reason', async () => {
    const { upload, target, failures } = newUpload()
    const reason = new Error('the first reason')
    const gate = target.hold('uploadPart')
    const waiting = upload.append(bytes(5 * PART))
    await gate.reached(2)
    const aborting = upload.abort(reason)
    await upload.abort(ANOTHER)
    await aborting
    await expect(waiting).rejects.toBe(reason)
    expect(reasonOf(() => upload.append(bytes(1)))).toBe(reason)
    await expect(upload.finish()).rejects.toBe(reason)
    expect(failures).toEqual([])
  })
})

/** What `action` throws. */
function reasonOf(action: () => unknown): unknown {
  try {
    action()
  } catch (reason) {
    return reason
  }
  throw new Error('Expected it to throw')
}
