/** A message of the library speaks of flags and arguments on the command line, not of options in a program. */
import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.js'
import { COMMANDS } from '../../src/cli/commands.js'
import { optionsOf } from '../../src/cli/description.js'
import { GET } from '../../src/cli/descriptions/get.js'
import { PUT } from '../../src/cli/descriptions/put.js'
import { SERVE } from '../../src/cli/descriptions/serve.js'
import { inOptionNames } from '../../src/cli/option-names.js'
import {
  CorruptDownloadError,
  createOssWriteStream,
  InvalidOptionError,
  PartLimitError,
} from '../../src/index.js'
import { FakeContext } from '../helpers/fake-context.js'
import { startServer } from '../helpers/start-server.js'

const T = 'oss://bucket/key'
const KEYS = { OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'secret' }
const PLACE = { OSS_REGION: 'cn-hangzhou', ...KEYS }

async function run(line: readonly string[], env: Readonly<Record<string, string>>) {
  const context = new FakeContext()
  Object.assign(context.env, env)
  const code = await runCommandLine(line, context, '1.2.3')
  return { code, ...context.told }
}

/** A name in camelCase, or one that is an option of the library and none here. */
const LIBRARY_NAME =
  /(?<!got )`([a-z]+[A-Z]\w*|(bucket|credentials|headers|key|path|target)\b)|this library/

describe.each<[readonly string[], string, Readonly<Record<string, string>>?]>([
  [['put', '-', T, '--expect-md5', 'x'], 'Expected --expect-md5 to be a string of 32'],
  [['put', '-', T, '--expect-sha256', 'x'], 'Expected --expect-sha256 to be a string of 64'],
  [['put', '-', T, '--expect-crc64', 'x'], 'Expected --expect-crc64 to be unsigned decimal'],
  [['put', '-', T, '--meta', 'a b=c'], 'Expected --meta to be named by letters'],
  [['put', '-', T, '--meta', 'a=b\nc'], 'Expected --meta "a" to be free of line breaks'],
  [['put', '-', T, '--header', 'x y=z'], 'Expected --header "x y" to be named by a header name'],
  [
    ['put', '-', T, '--header', 'authorization=x'],
    '--header without `authorization`, which is set by osspipe',
  ],
  [
    ['put', '-', T, ...Array.from({ length: 11 }, (_, n) => ['--tag', `${n}=x`]).flat()],
    'Expected --tag to be at most 10 tags',
  ],
  [
    ['put', '-', T, '--sse-kms-key-id', 'x'],
    'Expected --sse to be `KMS` if there is a --sse-kms-key-id',
  ],
  [['put', '-', T, '--checkpoint', ''], 'Expected --checkpoint to be the path of a file'],
  [['put', '-', T, '--part-size', '1'], 'Expected --part-size to be an integer from 102400'],
  [
    ['put', '-', T, '--part-size', '16MiB', '--max-memory', '1MiB'],
    'Expected --max-memory to be at least',
  ],
  [['put', '-', T, '--traffic-limit', '1'], 'Expected --traffic-limit to be an integer'],
  [['put', '-', T, '--connect-timeout', '0s'], 'Expected --connect-timeout to be'],
  [
    ['put', '-', T, '--internal', '--accelerate'],
    'Expected only one of --internal and --accelerate',
  ],
  [['put', '-', T, '--endpoint', 'ftp://x'], 'Expected --endpoint to be a host'],
  [['put', '-', T, '--region', 'x y'], 'Expected --region to be a region'],
  [['put', '-', T], 'Expected --region to be a region such as `cn-hangzhou` (or --endpoint', KEYS],
  [
    ['put', '-', T],
    'Expected --region, which signature V4 needs',
    { ...KEYS, OSS_ENDPOINT: 'http://localhost:1' },
  ],
  [['put', '-', 'oss://B/key'], 'Expected the target to be `oss://bucket/key` with a bucket name'],
  [['put', '-', 'oss://bucket//key'], 'Expected the target to be an object key'],
  [['get', T, '-', '--expect-md5', 'x'], 'Expected --expect-md5 to be a string of 32'],
  [['get', T, '-', '--start', '3', '--end', '1'], 'Expected --end to be at least --start'],
  [['get', T, '-', '--version-id', ''], 'Expected --version-id to be'],
  [['get', 'oss://B/key', '-'], 'Expected the bucket to be a bucket name'],
  [['get', 'oss://bucket//key', '-'], 'Expected the key to be an object key'],
  [['ls', 'oss://B'], 'Expected the bucket to be a bucket name'],
  [['uploads', 'oss://B'], 'Expected the bucket to be a bucket name'],
  [['rm', 'oss://bucket//key'], 'Expected the key to be an object key'],
  [['serve', '--bucket', 'B'], 'Expected --bucket to be a bucket name'],
  [['serve', '--region', 'x y'], 'Expected --region to be a region'],
])('%j', (line, text, env = PLACE) => {
  it(`tells: ${text}`, async () => {
    const { code, stderr } = await run(line, env)
    expect(code).toBe(2)
    expect(stderr).toContain(text)
    expect(stderr).not.toMatch(LIBRARY_NAME)
  })
})

describe.each(
  COMMANDS.filter(({ description }) => /^(put|get|ls|rm|uploads|check)$/.test(description.name)),
)('credentials, of osspipe $description.name', ({ description }) => {
  const operands = description.name === 'put' ? ['-', T] : [T]
  const REGION = { OSS_REGION: 'cn-hangzhou' }

  it('are told as variables where there are none', async () => {
    const { code, stdout, stderr } = await run([description.name, ...operands], REGION)
    expect(code).not.toBe(0)
    expect(stdout + stderr).toMatch(/OSS_ACCESS_KEY_ID`? and `?OSS_ACCESS_KEY_SECRET/)
    expect(stdout + stderr).not.toMatch(LIBRARY_NAME)
  })

  it('are told as variables where one is none', async () => {
    const env = { ...REGION, ...KEYS, OSS_ACCESS_KEY_ID: 'a b' }
    const { code, stdout, stderr } = await run([description.name, ...operands], env)
    expect(code).not.toBe(0)
    expect(stdout + stderr).not.toMatch(LIBRARY_NAME)
  })
})

describe('a server that has nowhere to keep objects', () => {
  it('names the flag with its value', async () => {
    vi.doMock('memfs', () => {
      throw new Error('Cannot find package')
    })
    onTestFinished(() => void vi.doUnmock('memfs'))
    const { code, stderr } = await run(['serve', '--port', '0'], {})
    expect(stderr).toMatch(/ or give --data DIR\n/)
    expect(code).toBe(1)
  })
})

describe('a download that is not what was expected', () => {
  it.each(['md5', 'sha256'] as const)('names the flag of %s', async (algorithm) => {
    const server = await startServer()
    const upload = createOssWriteStream(T, server.options())
    upload.end('hello')
    await upload.completed
    const expected = createHash(algorithm).update('other').digest('hex')
    const { endpoint, region, credentials } = server.options()
    const { code, stderr } = await run(['get', T, '-', `--expect-${algorithm}`, expected], {
      OSS_ENDPOINT: endpoint,
      OSS_REGION: region,
      OSS_ACCESS_KEY_ID: credentials.accessKeyId,
      OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    })
    expect(code).toBe(4)
    expect(stderr).toContain(`not ${expected} as --expect-${algorithm} says`)
  })
})

describe('the names of the command line', () => {
  it.each([
    [
      'Expected `partSize` and `tagging`, not `other`',
      'Expected --part-size and --tag, not `other`',
    ],
    ['Expected `retry.maxAttempts` to be', 'Expected --max-attempts to be'],
    ['Expected `A` to have an `accessKeyId`', 'Expected `A` to have the key id'],
    ['Expected `A` to have an `accessKeySecret`', 'Expected `A` to have the key secret'],
    ['a `https://host:port`, got `key` (string)', 'a `https://host:port`, got `key` (string)'],
  ])('%s → %s', (message, expected) => {
    expect(inOptionNames(message, optionsOf(PUT))).toBe(expected)
  })

  it('are those of the command', () => {
    expect(inOptionNames('`accessKeyId`, `bucket`', optionsOf(SERVE))).toBe(
      '--access-key-id, --bucket',
    )
    expect(inOptionNames('`accessKeyId`, `bucket`', optionsOf(GET))).toBe('the key id, the bucket')
  })

  it.each([
    ['a part limit', new PartLimitError(5, { bucket: 'b', key: 'k', outcome: 'absent' })],
    [
      'a CRC-64',
      new CorruptDownloadError(
        { algorithm: 'crc64', expected: '1', actual: '2', source: 'expectedDigest' },
        { bucket: 'b', key: 'k', bytesRead: 5 },
      ),
    ],
    [
      'credentials',
      new InvalidOptionError('credentials', 'Expected `credentials` to have `accessKeyId`'),
    ],
  ])('stand in %s', (_name, { message }) => {
    expect(inOptionNames(message, optionsOf(PUT))).not.toMatch(LIBRARY_NAME)
  })
})
