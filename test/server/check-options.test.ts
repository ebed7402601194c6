import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import { createOssServer } from '../../src/server/server.js'
import { startServer } from '../helpers/start-server.js'

describe('createOssServer', () => {
  it.each([
    ['a misspelt option', { bukets: ['a'] }, 'did you mean `buckets`?'],
    ['a port that is none', { port: 'x' }, 'Expected `port` to be an integer from 0 to 65535'],
    ['a port too high', { port: 65_536 }, 'Expected `port`'],
    ['one bucket that is no array', { buckets: 'backups' }, 'Expected `buckets` to be an array'],
    ['one key pair that is no array', { credentials: {} }, 'Expected `credentials` to be an array'],
    ['a bad bucket name', { buckets: ['A'] }, 'buckets'],
    ['null', null, 'Expected `options`'],
  ])('refuses %s', async (_name, options, message) => {
    const create: unknown = createOssServer
    const started = typeof create === 'function' ? create(options) : undefined
    await expect(started).rejects.toThrow(message)
    await expect(started).rejects.toBeInstanceOf(InvalidOptionError)
  })
})

describe('faults.add', () => {
  it.each([
    [
      'an operation in the wrong case',
      { operation: 'uploadPart' },
      { status: 500 },
      '`UploadPart`',
    ],
    ['an unknown one of several', { operation: ['UploadPart', 'Put'] }, { status: 500 }, '`Put`'],
    ['a misspelt match', { operatoin: 'UploadPart' }, { status: 500 }, 'did you mean `operation`?'],
    ['a misspelt action', {}, { stauts: 500 }, 'did you mean `status`?'],
    ['a field of another action', {}, { reset: 'mid-body', status: 500 }, 'Unknown option `reset`'],
    ['no action', {}, {}, 'Expected `action`'],
    ['no match', undefined, { status: 500 }, 'Expected `match`'],
  ])('refuses %s', async (_name, match, action, message) => {
    const server = await startServer()
    const add: unknown = server.faults.add.bind(server.faults)
    expect(() => typeof add === 'function' && add(match, action)).toThrow(message)
  })
})
