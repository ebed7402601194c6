import { describe, expect, it, vi } from 'vitest'
import { nextTasks, settle } from '../../src/digest/hash-task.js'

const md5 = { job: { bytes: [], md5: true, crc64: false }, mode: 'auto' } as const
const both = { job: { bytes: [], md5: true, crc64: true }, mode: 'auto' } as const
const crc64 = { job: { bytes: [], md5: false, crc64: true }, mode: 'auto' } as const
const inline = { ...md5, mode: 'inline' } as const

describe('the tasks that can share a batch', () => {
  it.each([
    ['none where none waits', [], 0],
    ['one alone', [md5], 1],
    ['eight for MD5', Array(9).fill(md5), 8],
    ['four with CRC-64', Array(9).fill(both), 4],
    ['those before one with CRC-64', [md5, md5, both, md5], 2],
    ['those before one without MD5', [both, crc64, both], 1],
    ['those before one to be hashed elsewhere', [md5, md5, md5, inline], 3],
  ])('are %s', (_, waiting, count) => {
    expect(nextTasks(waiting)).toEqual(waiting.slice(0, count))
  })
})

it('a task without digests fails, and the others do not', () => {
  const tasks = [1, 2].map(() => ({ ...md5, resolve: vi.fn(), reject: vi.fn() }))
  const digests = { md5: Buffer.alloc(16), crc64: undefined }
  settle(tasks, [digests])
  expect(tasks.map(({ resolve }) => resolve.mock.calls)).toEqual([[[digests]], []])
  expect(tasks.map(({ reject }) => reject.mock.calls)).toEqual([
    [],
    [[new RangeError('No digests of job 1')]],
  ])
})
