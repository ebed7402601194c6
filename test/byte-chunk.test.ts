/** What is a chunk of bytes. */
import { describe, expect, it } from 'vitest'
import { bytesOf } from '../src/byte-chunk.js'

const memory = new Uint8Array([0, 65, 66, 0]).buffer

describe('bytes', () => {
  it.each<[string, unknown]>([
    ['a Uint8Array', new Uint8Array(memory, 1, 2)],
    ['a Buffer', Buffer.from('AB')],
    ['an ArrayBuffer', memory.slice(1, 3)],
    ['a DataView', new DataView(memory, 1, 2)],
    ['an array of larger numbers', new Uint16Array(memory.slice(1, 3))],
    ['text', 'AB'],
  ])('are those of %s', (_name, chunk) => {
    expect(Buffer.from(bytesOf(chunk)).toString()).toBe('AB')
  })

  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'a value of type undefined'],
    [7, 'a value of type number'],
    [[65, 66], 'an array'],
    [{}, 'a value of type object'],
  ])('are not in %j', (chunk, text) => {
    const refusal = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
    expect(() => bytesOf(chunk)).toThrow(expect.objectContaining(refusal))
    expect(() => bytesOf(chunk)).toThrow(text)
  })
})
