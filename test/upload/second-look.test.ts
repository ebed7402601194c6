/** What a second answer makes of an object that a first one calls damaged. */
import { describe, expect, it } from 'vitest'
import { DigestMismatchError } from '../../src/errors.js'
import { lookAgain } from '../../src/upload/second-look.js'
import type { FoundObject } from '../../src/upload/upload-target.js'

const SENT = { size: 10, crc64: 7n, isCrc64Own: true, md5: 'AA', marker: 'm1' }
const OTHERS = { size: 10, crc64: 5n, md5: 'CC', marker: 'm2' }
const WHOLE: FoundObject = { etag: 'E', size: 10, crc64: 7n, md5: 'AA', marker: 'm1' }
const CRC64 = new DigestMismatchError('crc64', '7', '8', 'the object')
const MD5 = new DigestMismatchError('md5', 'AA', 'BB', 'the object')

describe('after an answer that told of a wrong digest', () => {
  it.each([
    ['the same wrong CRC-64', { ...WHOLE, crc64: 8n }, CRC64, 'damaged'],
    ['the same wrong MD5', { ...WHOLE, md5: 'BB' }, MD5, 'damaged'],
    ['the right CRC-64', WHOLE, CRC64, 'whole'],
    ['the right MD5', WHOLE, MD5, 'whole'],
    ['the right MD5, no CRC-64', { ...WHOLE, crc64: undefined }, MD5, 'whole'],
    ['a third CRC-64', { ...WHOLE, crc64: 9n }, CRC64, 'unclear'],
    ['the right MD5, but a wrong CRC-64', { ...WHOLE, crc64: 8n }, MD5, 'unclear'],
    ['the right CRC-64, but another size', { ...WHOLE, size: 11 }, CRC64, 'unclear'],
    ['no CRC-64', { ...WHOLE, crc64: undefined }, CRC64, 'unclear'],
    ['no MD5', { ...WHOLE, md5: undefined }, MD5, 'unclear'],
    ['another marker, other bytes', { ...WHOLE, ...OTHERS }, CRC64, 'replaced'],
    ['no marker, other bytes', { ...WHOLE, ...OTHERS, marker: undefined }, MD5, 'replaced'],
    ['another marker, no digest', { etag: 'E', size: 10, marker: 'm2' }, CRC64, 'replaced'],
    [
      'another marker, the same wrong bytes',
      { ...WHOLE, crc64: 8n, marker: 'm2' },
      CRC64,
      'doubtful',
    ],
    ['no marker, but our bytes', { ...WHOLE, marker: undefined }, CRC64, 'doubtful'],
    ['nothing', undefined, CRC64, 'replaced'],
  ])('it finds %s', (_name, found, mismatch, expected) => {
    expect(lookAgain(found, SENT, mismatch)).toBe(expected)
  })

  it.each([
    ['the same CRC-64', { ...WHOLE, crc64: 8n }, CRC64, 'unclear'],
    ['the CRC-64 that was told of the parts', WHOLE, CRC64, 'whole'],
    ['the same wrong MD5', { ...WHOLE, md5: 'BB' }, MD5, 'damaged'],
  ])('it finds, where we have computed no CRC-64, %s', (_name, found, mismatch, expected) => {
    expect(lookAgain(found, { ...SENT, isCrc64Own: false }, mismatch)).toBe(expected)
  })

  it.each([
    ['the same damage', { ...WHOLE, crc64: 8n }, 'unclear'],
    ['our bytes', WHOLE, 'whole'],
  ])('it finds, without a marker to know it by, %s', (_name, found, expected) => {
    expect(lookAgain(found, { ...SENT, marker: undefined }, CRC64)).toBe(expected)
  })
})
