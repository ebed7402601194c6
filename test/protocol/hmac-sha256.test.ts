/** The same codes as node:crypto's, and those of RFC 4231. */
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HmacSha256 } from '../../src/protocol/hmac-sha256.js'

it.each([
  [
    Buffer.alloc(20, 0x0b),
    'Hi There',
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    Buffer.from('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    Buffer.alloc(131, 0xaa),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('gives the code of RFC 4231: %#', (key, text, code) => {
  expect(new HmacSha256(key).hex(text)).toBe(code)
})

it('gives the code of every text under one key, however long those before it were', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 600 }), { maxLength: 5 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), texts, (key, all) => {
      const hmac = new HmacSha256(key)
      for (const text of all) {
        expect(hmac.hex(text)).toBe(createHmac('sha256', key).update(text).digest('hex'))
      }
    }),
  )
})
