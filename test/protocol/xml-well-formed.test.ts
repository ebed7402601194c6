import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import { isXmlCharacter, stripWellFormed } from '../../src/protocol/xml-well-formed.js'

describe('stripWellFormed', () => {
  it.each([
    ['the declaration', '<?xml version="1.0"?><R/>', '<R/>'],
    ['comments', '<!-- a --><R>x<!-- <b> -->y</R><!---->', '<R>xy</R>'],
    ['instructions', "<?p?><R>x<?q don't ?>y</R>", '<R>xy</R>'],
    ['attributes', '<R a="1"\tb=\'>\' ><c d="/"/><e f="1" /></R>', '<R><c/><e/></R>'],
    [
      'nothing of CDATA',
      '<R><![CDATA[<?p?><!-- --><a b="1">]]></R>',
      '<R><![CDATA[<?p?><!-- --><a b="1">]]></R>',
    ],
    ['nothing of text', '<o:R> &amp; \r\n</o:R>\n', '<o:R> &amp; \r\n</o:R>\n'],
  ])('takes away %s', (_, document, stripped) => {
    expect(stripWellFormed(document)).toBe(stripped)
  })

  it('says what is wrong, and where', () => {
    expect(() => stripWellFormed('<R>&x;</R>')).toThrow(
      new MalformedXmlError('XML document with an unknown or malformed reference at offset 3'),
    )
  })
})

describe('isXmlCharacter', () => {
  it.each([
    [0x0, false],
    [0x8, false],
    [0x9, true],
    [0xa, true],
    [0xb, false],
    [0xd, true],
    [0x1f, false],
    [0x20, true],
    [0xd7ff, true],
    [0xd800, false],
    [0xdfff, false],
    [0xe000, true],
    [0xfffd, true],
    [0xfffe, false],
    [0xffff, false],
    [0x10000, true],
    [0x10ffff, true],
    [0x110000, false],
    [Number.NaN, false],
  ])('follows production 2 of XML 1.0 at %i', (codePoint, allowed) => {
    expect(isXmlCharacter(codePoint)).toBe(allowed)
  })
})
