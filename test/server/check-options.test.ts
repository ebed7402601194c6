import fs, { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import { createOssServer } from '../../src/server/server.js'

describe('createOssServer', () => {
  it.each([
    ['a misspelt option', { bukets: ['a'] }, 'did you mean `buckets`?'],
    ['a port that is none', { port: 'x' }, 'Expected `port` to be an integer from 0 to 65535'],
    ['a port too high', { port: 65_536 }, 'Expected `port`'],
    ['a host that is no text', { host: 1 }, 'Expected `host` to be an address or a name'],
    ['a region that is no text', { region: 1 }, 'Expected `region`'],
    ['one bucket that is no array', { buckets: 'backups' }, 'Expected `buckets` to be an array'],
    ['a bad bucket name', { buckets: ['A'] }, 'buckets'],
    ['one key pair that is no array', { credentials: {} }, 'Expected `credentials` to be an array'],
    ['a key pair that is null', { credentials: [null] }, 'Expected `credentials` to be pairs'],
    ['a key without a secret', { credentials: [{ accessKeyId: 'a' }] }, '`accessKeySecret`'],
    [
      'an empty secret',
      { credentials: [{ accessKeyId: 'a', accessKeySecret: '' }] },
      '`accessKeySecret`',
    ],
    ['an empty folder name', { dataDir: '' }, 'Expected `dataDir` to be the path of a folder'],
    ['a file system that is none', { fs: {} }, 'Expected `fs` to be a file system'],
    ['the file system of the machine, and no folder', { fs }, 'Expected `dataDir` to be a folder'],
    ['a clock that is no function', { now: 5 }, 'Expected `now` to be a function'],
    ['a patience of nothing', { stallMs: 0 }, 'Expected `stallMs` to be an integer from 1'],
    ['a patience that is a text', { stallMs: '1' }, 'Expected `stallMs`'],
    ['domains that are no object', { cnames: 5 }, 'Expected `cnames` to be an object'],
    ['a domain without a bucket', { cnames: { 'a.b': 1 } }, 'Expected `cnames`'],
    ['a domain of a bucket that cannot be', { cnames: { 'a.b': 'B_1' } }, 'to be a bucket name'],
    ['hosts that are no array', { hosts: 'x' }, 'Expected `hosts` to be an array of names'],
    ['a host name that is no text', { hosts: [1] }, 'Expected `hosts`'],
    ['a listener that is no function', { onError: 1 }, 'Expected `onError` to be a function'],
    ['null', null, 'Expected `options`'],
  ])('refuses %s', async (_name, options, message) => {
    const create: unknown = createOssServer
    const started = typeof create === 'function' ? create(options) : undefined
    await expect(started).rejects.toThrow(message)
    await expect(started).rejects.toBeInstanceOf(InvalidOptionError)
    expect(existsSync('/oss')).toBe(false)
  })

  it('shows no secret of a pair that it refuses', async () => {
    const credentials = [{ accessKeyId: '', accessKeySecret: 'hush' }]
    const error: unknown = await createOssServer({ credentials }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(String(error)).not.toContain('hush')
  })
})

describe('server.issueToken', () => {
  it.each([
    ['a text', '60000'],
    ['no number', Number.NaN],
    ['no end', Infinity],
    ['a time that no date has', 1e16],
  ])('refuses %s', async (_name, durationMs) => {
    await using server = await createOssServer()
    const issue: unknown = server.issueToken
    const attempt = () => typeof issue === 'function' && issue(durationMs)
    expect(attempt).toThrow('Expected `durationMs` to be milliseconds')
    expect(attempt).toThrow(InvalidOptionError)
  })
})
