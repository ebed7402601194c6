/** The command after `--` as a source: what it says passes through no faster than it is read. */
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { Console } from '../../src/cli/output.js'
import { findSource } from '../../src/cli/put-source.js'
import { FakeContext } from '../helpers/fake-context.js'

it('keeps no more of what a command says than one read while nobody takes it', async () => {
  let [said, most] = [0, 0]
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      said += chunk.length
      most = Math.max(most, stderr.writableLength)
      setImmediate(callback)
    },
  })
  const context = Object.assign(new FakeContext(), { stderr, env: process.env })
  const args = ['-c', 'head -c 3000000 /dev/zero >&2; echo whole']
  const command = { kind: 'child', command: 'sh', args } as const
  const source = await findSource(command, context, new Console(context, {}))
  expect((await buffer(source.open())).toString()).toBe('whole\n')
  expect(said).toBe(3_000_000)
  expect(most).toBeLessThanOrEqual(65_536)
})
