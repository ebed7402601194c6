/** The README's recipe for a producer that can fail silently: nothing is published unless it exits 0. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { KEY, type Opened, openStream } from '../helpers/open-stream.js'

async function backUp({ out }: Opened, script: string): Promise<void> {
  const dump = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(dump, 'close')
  await pipeline(dump.stdout, createGzip(), out, { end: false })
  const [code] = await closed
  if (code === 0) await new Promise<void>((resolve) => out.end(resolve))
  else out.destroy(new Error(`pg_dump ended with ${code}`))
}

describe('a child process as the source', () => {
  it('is published when it exits 0', async () => {
    const opened = await openStream()
    await backUp(opened, "process.stdout.write('dump'.repeat(100_000))")
    const text: Buffer[] = []
    const object = opened.server.objects.get('bucket', KEY)
    await pipeline(object?.stream() ?? [], createGunzip(), async (chunks) => {
      for await (const chunk of chunks) text.push(chunk)
    })
    expect(Buffer.concat(text).toString()).toBe('dump'.repeat(100_000))
  })

  it('is not published when it dies in the middle', async () => {
    const opened = await openStream()
    const failed = once(opened.out, 'error')
    await backUp(opened, "process.stdout.write('dump'.repeat(9), () => process.exit(1))")
    expect(await failed).toMatchObject([{ message: 'pg_dump ended with 1' }])
    await opened.out.settled
    expect(opened.server.objects.list()).toEqual([])
  })
})
