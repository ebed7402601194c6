/** A stream never keeps the process from ending, nor ends it. */
import { describe, expect, it } from 'vitest'
import { runChild } from '../helpers/run-child.js'
import { startServer } from '../helpers/start-server.js'

describe('a process', () => {
  it.each([
    ['success', ['closed ']],
    ['destroy', ['closed ']],
    ['unused', []],
  ])('ends by itself after: %s', { timeout: 30_000 }, async (ending, lines) => {
    const server = await startServer()
    const { code, stdout, stderr } = await runChild('leave', server, [ending])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    for (const line of lines) expect(stdout).toContain(line)
    expect(stdout).not.toMatch(/TCP|Timeout|Worker/)
    expect(server.uploads.list()).toEqual([])
  })

  it('survives a failure that nobody but `finished` looks at', { timeout: 30_000 }, async () => {
    const server = await startServer()
    server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    const { code, stdout, stderr } = await runChild('leave', server, ['failure'])
    expect(stderr).toBe('')
    expect(stdout).toContain('ERR_OSS_UPLOAD')
    expect(code).toBe(0)
    expect(server.uploads.list()).toEqual([])
  })
})

describe('a process that has nothing left to do before an upload is complete', () => {
  const NOTHING_LEFT = 'The process had nothing left to do before oss://bucket/object was complete'

  it.each(['paused', 'small', 'unanswered', 'silent'])(
    'fails it, cleans up, and does not end as if all were well: %s',
    { timeout: 30_000 },
    async (how) => {
      const server = await startServer()
      const { code, stdout, stderr } = await runChild('pending', server, [how])
      expect(stderr).toBe('')
      expect(stdout).toBe(`${NOTHING_LEFT}\nabsent 0\n`)
      expect(code).toBe(1)
      expect([server.uploads.list(), server.objects.list()]).toEqual([[], []])
    },
  )

  it('says so, if a source is never opened', { timeout: 30_000 }, async () => {
    const { code, stdout, stderr } = await runChild('pending', await startServer(), ['unopened'])
    expect(stderr).toBe('')
    expect(stdout).toContain(NOTHING_LEFT)
    expect(code).toBe(1)
  })

  it('says so, if nobody listens to the stream', { timeout: 30_000 }, async () => {
    const server = await startServer()
    const { code, stderr } = await runChild('pending', server, ['unheard'])
    expect(stderr).toContain(NOTHING_LEFT)
    expect(code).toBe(1)
    expect(server.uploads.list()).toEqual([])
  })
})
