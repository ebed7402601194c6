/** What the command line does around the commands. */
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.js'
import { DESCRIPTIONS } from '../../src/cli/commands.js'
import { commandHelp, programHelp } from '../../src/cli/help.js'
import { FakeContext } from '../helpers/fake-context.js'

async function run(line: readonly string[], env: Record<string, string> = {}) {
  const context = new FakeContext()
  Object.assign(context.env, env)
  const code = await runCommandLine(line, context, '1.2.3')
  return { code, ...context.told }
}

describe('the command line', () => {
  it.each([['--help'], ['-h'], ['help']])('helps with %s', async (...line) => {
    const stdout = programHelp(DESCRIPTIONS)
    expect(await run(line)).toEqual({ code: 0, stdout, stderr: '' })
  })

  it.each(DESCRIPTIONS)('helps with the command $name', async (description) => {
    const helped = { code: 0, stdout: commandHelp(description), stderr: '' }
    expect(await run([description.name, '--help'])).toEqual(helped)
    expect(await run(['help', description.name])).toEqual(helped)
    // Whatever is wrong otherwise, and whatever the variables say.
    const env = { OSS_CONCURRENCY: 'nonsense' }
    expect(await run([description.name, 'a', 'b', '--nope', '-h'], env)).toEqual(helped)
  })

  it('tells its version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' })
    expect(await run(['-V'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' })
  })

  it.each([
    [[], 'Expected a command', 'osspipe --help'],
    [['pot'], 'Unknown command "pot"', 'osspipe --help'],
    [['help', 'pot'], 'Unknown command "pot"', 'osspipe --help'],
    [['--nope'], 'Unknown command "--nope"', 'osspipe --help'],
    [['completion', 'tcsh'], 'Expected SHELL to be bash, zsh or fish', 'osspipe completion --help'],
    [['--nope', 'oss://b/k'], "Unknown option '--nope'", 'osspipe put --help'],
  ])('refuses %j', async (line, text, help) => {
    const { code, stdout, stderr } = await run(line)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`osspipe: ${text}`)
    expect(stderr).toMatch(/\n$/)
    expect(stderr.endsWith(`See \`${help}\`.\n`)).toBe(true)
  })

  it('tells a failure as JSON, too, if the option or the variable could be read', async () => {
    const line = ['put', '--json', '--part-size', '1', '-', 'oss://bucket/k']
    const { code, stdout } = await run(line, {
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 'secret',
    })
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'ERR_OSS_INVALID_OPTION', exitCode: 2, option: 'partSize' },
    })
  })

  it.each([
    [['put', '--json', '--nope', '-', 'oss://b/k'], {}],
    [['put', '--json', '-', 'oss://b/k'], { OSS_PART_SIZE: 'abc' }],
    [['put', '-', 'oss://b/k', '--nope'], { OSS_JSON: '1' }],
    [['pot', '--json'], {}],
  ])('tells as JSON, too, that %j was called wrongly', async (line, env) => {
    const { code, stdout } = await run(line, env)
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode: 2 } })
  })

  it.each([
    [['put', '--no-json', '--nope', '-', 'oss://b/k'], { OSS_JSON: '1' }],
    [['put', '--nope', 'oss://b/k', '--', 'jq', '--json'], {}],
    [['completion', '--json'], {}],
  ])('tells %j nothing on stdout that it did not ask for', async (line, env) => {
    expect(await run(line, env)).toMatchObject({ code: 2, stdout: '' })
  })

  it('ends silently with 141 when nobody reads stdout any more', async () => {
    const context = new FakeContext()
    const stdout = new Writable({
      write: (_chunk, _encoding, callback) =>
        callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    })
    const code = await runCommandLine(['--help'], Object.assign(context, { stdout }), '1.2.3')
    expect([code, context.told.stderr]).toEqual([141, ''])
  })

  it('tells about an output that fails otherwise, such as a full disk', async () => {
    const context = new FakeContext()
    const stdout = new Writable({
      write: (_chunk, _encoding, callback) =>
        callback(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })),
    })
    const CANNOT_WRITE = 'osspipe: Cannot write standard output: ENOSPC: no space left\n'
    const code = await runCommandLine(['man'], Object.assign(context, { stdout }), '1.2.3')
    expect([code, context.told.stderr]).toEqual([1, CANNOT_WRITE])
  })
})
