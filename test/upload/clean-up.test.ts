import { describe, expect, it } from 'vitest'
import { TransportError } from '../../src/errors.js'
import { endUpload, withDeadline } from '../../src/upload/clean-up.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { neverWakes } from '../helpers/new-upload.js'

const signal = new AbortController().signal

describe('endUpload', () => {
  it('asks no further when no part was sent', async () => {
    const target = new FakeTarget()
    const uploadId = await target.initiate()
    expect(await endUpload(target, uploadId, { partsSent: false, signal })).toBe('alive')
    expect(target.trail).toEqual(['initiate', 'abort'])
  })

  it('looks again when a part was sent', async () => {
    const target = new FakeTarget()
    const uploadId = await target.initiate()
    await endUpload(target, uploadId, { partsSent: true, signal })
    expect(target.trail).toEqual(['initiate', 'abort', 'isAlive'])
  })

  it('aborts once more when a late part has kept the upload alive', async () => {
    const target = new FakeTarget()
    const uploadId = await target.initiate()
    const gate = target.hold('isAlive')
    const ending = endUpload(target, uploadId, { partsSent: true, signal })
    await gate.reached()
    target.uploads.set(uploadId, new Map([[1, Buffer.from('late')]]))
    gate.open()
    expect(await ending).toBe('alive')
    expect(target.trail).toEqual(['initiate', 'abort', 'isAlive', 'abort', 'isAlive'])
    expect(target.uploads.size).toBe(0)
  })

  it('trusts the abort when it may not look', async () => {
    const target = new FakeTarget()
    const uploadId = await target.initiate()
    target.fail('isAlive', new Error('403 AccessDenied'))
    expect(await endUpload(target, uploadId, { partsSent: true, signal })).toBe('alive')
  })

  it('takes an unknown upload for done', async () => {
    const target = new FakeTarget()
    expect(await endUpload(target, 'other', { partsSent: true, signal })).toBe('gone')
    expect(target.trail).toEqual(['abort'])
  })
})

describe('withDeadline', () => {
  it('gives what the task gives, and wakes its own sleep', async () => {
    let asleep: AbortSignal | undefined
    const clock = {
      sleep: (ms: number, stop?: AbortSignal) => {
        asleep = stop
        return neverWakes(ms, stop)
      },
    }
    expect(await withDeadline(5, clock, 'x', async () => 'done')).toBe('done')
    expect(asleep?.aborted).toBe(true)
  })

  it('aborts a task that takes too long, naming it', async () => {
    const clock = { sleep: () => Promise.resolve() }
    const task = (stop: AbortSignal) => neverWakes(0, stop).then(() => 'late')
    const error = await withDeadline(5, clock, 'Aborting', task).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ kind: 'timeout', message: 'Aborting took more than 5 ms' })
  })
})
