import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import { MAX_XML_BYTES, parseXml, type XmlElement } from '../../src/protocol/xml-parser.js'
import { MAX_DEPTH, MAX_ELEMENTS, MAX_TEXT } from '../../src/protocol/xml-well-formed.js'
import { writeXml, type XmlNode } from '../../src/protocol/xml-writer.js'

function parse(text: string): XmlElement {
  return parseXml(Buffer.from(text), 'R')
}

/** Text of the only child. */
function field(text: string): string | undefined {
  return parse(`<R><f>${text}</f></R>`).children[0]?.text
}

describe('parseXml', () => {
  it.each([
    ['a number with leading zeros', '007', '007'],
    ['a number in exponent form', '0004895E36', '0004895E36'],
    ['a number beyond 2^53', '59666633543534635451', '59666633543534635451'],
    ['hexadecimal', '0x1F', '0x1F'],
    ['infinity', '1e999', '1e999'],
    ['a boolean', 'true', 'true'],
    ['outer blanks', ' a  b ', ' a  b '],
    ['nothing but blanks', ' \t\n ', ' \t\n '],
    ['nothing', '', ''],
    ['predefined references', '&lt;&gt;&amp;&quot;&apos;', '<>&"\''],
    ['a reference inside what a reference yields', '&amp;lt;&#38;#65;', '&lt;&#65;'],
    ['numeric references', '&#x4E2D;&#128512;&#65;&#x41;', '中😀AA'],
    ['a carriage return kept by a reference', 'a&#13;&#xD;b', 'a\r\rb'],
    ['line ends, as XML prescribes', 'a\r\nb\rc', 'a\nb\nc'],
    ['CDATA', '<![CDATA[<b>&amp;]]>', '<b>&amp;'],
    ['CDATA between text', 'a&lt;<![CDATA[&lt;]]>b', 'a<&lt;b'],
    ['CDATA that ends in brackets', '<![CDATA[x]]]]><![CDATA[>]]>', 'x]]>'],
    ['empty CDATA', '<![CDATA[]]>', ''],
    ['a comment inside', 'a<!-- <f>x</f> -->b', 'ab'],
    ['an instruction inside', "a<?pi don't > ?>b", 'ab'],
    ['a greater-than sign', 'a > b', 'a > b'],
    ['astral and combining characters', '𝒳e\u0301\u{10FFFF}', '𝒳e\u0301\u{10FFFF}'],
    ['names of Object.prototype', 'constructor', 'constructor'],
  ])('reads %s', (_, source, expected) => {
    expect(field(source)).toBe(expected)
  })

  it.each([
    ['a byte order mark', '\uFEFF<R/>'],
    ['a declaration', '<?xml version="1.0" encoding="utf-8" standalone="no" ?>\r\n<R/>'],
    ['a declaration in single quotes', "<?xml version='1.1' encoding='UTF-8'?><R/>"],
    ['a default namespace', '<R xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"/>'],
    ['a namespace prefix', '<o:R xmlns:o="http://x/"></o:R>'],
    ['attributes with markup', `<R a="x>y/>" b='"&lt;' c = "1" />`],
    ['comments and instructions around', '<!-- a --><?p?><R></R ><!---->\n<?p q="?>'],
    ['a comment about a DTD', '<!-- <!DOCTYPE R> --><R/>'],
  ])('accepts %s', (_, document) => {
    expect(parse(document)).toEqual({ name: 'R', text: '', children: [] })
  })

  it('keeps the order, and elements of the same name apart', () => {
    const { children } = parse('<R>x<a>1</a><b><a>2</a></b><a/>y</R>')
    expect(children.map(({ name, text }) => [name, text])).toEqual([
      ['a', '1'],
      ['b', ''],
      ['a', ''],
    ])
    expect(children[1]?.children).toEqual([{ name: 'a', text: '2', children: [] }])
  })

  it('reads elements called like members of an object without touching any prototype', () => {
    const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf']
    const inner = names.map((name) => `<${name}>x</${name}><${name}/>`).join('')
    const { children } = parse(`<R>${inner}</R>`)
    expect(children.map(({ name }) => name)).toEqual(names.flatMap((name) => [name, name]))
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['plain text', 'upstream connect error'],
    ['JSON', '{"a":"b"}'],
    ['another root', '<S/>'],
    ['a root deeper down', '<S><R/></S>'],
    ['a second root', '<R/><R/>'],
    ['text before the root', 'x<R/>'],
    ['text behind the root', '<R/>x'],
    ['a second byte order mark', '\uFEFF\uFEFF<R/>'],
    ['a blank before the declaration', ' <?xml version="1.0"?><R/>'],
    ['a declaration inside', '<R><?xml version="1.0"?></R>'],
    ['another encoding', '<?xml version="1.0" encoding="GBK"?><R/>'],
    ['a declaration without version', '<?xml encoding="UTF-8"?><R/>'],
    ['an unclosed declaration', '<?xml version="1.0"'],
    ['an unclosed root', '<R>'],
    ['an unclosed tag', '<R'],
    ['an unclosed child', '<R><a></R>'],
    ['a truncated closing tag', '<R></R'],
    ['overlapping elements', '<R><a><b></a></b></R>'],
    ['a closing tag in another case', '<R></r>'],
    ['a closing tag too many', '<R/></R>'],
    ['a closing tag alone', '</R>'],
    ['a closing tag with attributes', '<R></R a="1">'],
    ['a closing tag with another prefix', '<a:R></b:R>'],
    ['an attribute without value', '<R a/>'],
    ['an attribute without quotes', '<R a=1/>'],
    ['attributes that touch', '<R a="1"b="2"/>'],
    ['an attribute with a tag inside', '<R a="<"/>'],
    ['an attribute with an unknown reference', '<R a="&x;"/>'],
    ['a tag that begins with a blank', '< R/>'],
    ['a name that begins with a digit', '<R><1/></R>'],
    ['a name of two colons', '<R><a:b:c/></R>'],
    ['a bare less-than sign', '<R>a < b</R>'],
    ['a bare ampersand', '<R>a & b</R>'],
    ['an unknown entity', '<R>&nbsp;</R>'],
    ['an unfinished reference', '<R>&amp</R>'],
    ['a reference across a comment', '<R>&am<!-- -->p;</R>'],
    ['an empty numeric reference', '<R>&#;</R>'],
    ['a signed numeric reference', '<R>&#-1;</R>'],
    ['a reference to NUL', '<R>&#0;</R>'],
    ['a reference to a control character', '<R>&#1;</R>'],
    ['a reference to a surrogate', '<R>&#xD800;</R>'],
    ['a reference to U+FFFE', '<R>&#xFFFE;</R>'],
    ['a reference beyond Unicode', '<R>&#x110000;</R>'],
    ['a reference with many digits', `<R>&#${'1'.repeat(400)};</R>`],
    ['a control character', '<R>\u0001</R>'],
    ['a control character in a comment', '<R><!-- \u0000 --></R>'],
    ['U+FFFF', '<R>\uFFFF</R>'],
    ['a stray end of CDATA', '<R>]]></R>'],
    ['an unclosed CDATA', '<R><![CDATA[x</R>'],
    ['CDATA outside the root', '<![CDATA[x]]><R/>'],
    ['misspelt CDATA', '<R><![cdata[x]]></R>'],
    ['an unclosed comment', '<R><!-- </R>'],
    ['a comment closed too early', '<!--><R/>'],
    ['an unclosed instruction', '<R><?p </R>'],
    ['a document type', '<!DOCTYPE R><R/>'],
    ['a document type in lower case', '<!doctype R><R/>'],
    ['an entity declaration', '<!DOCTYPE R [<!ENTITY e "x">]><R>&e;</R>'],
    ['an external entity', '<!DOCTYPE R SYSTEM "http://127.0.0.1/x"><R/>'],
    ['a document type behind the root', '<R/><!DOCTYPE R>'],
    ['a declaration inside the root', '<R><!ENTITY e "x"></R>'],
  ])('refuses %s', (_, document) => {
    expect(() => parse(document)).toThrow(MalformedXmlError)
  })

  it.each([
    ['an overlong form', [0xc0, 0xaf]],
    ['a lone continuation byte', [0x80]],
    ['half a character', [0xe4, 0xb8]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['Latin-1', [0xe9]],
  ])('refuses bytes that are not UTF-8: %s', (_, bytes) => {
    const body = Buffer.concat([Buffer.from('<R>'), Buffer.from(bytes), Buffer.from('</R>')])
    expect(() => parseXml(body, 'R')).toThrow(MalformedXmlError)
  })

  it('refuses UTF-16', () => {
    expect(() => parseXml(Buffer.from('\uFEFF<R/>', 'utf16le'), 'R')).toThrow(MalformedXmlError)
  })

  it('reads as deep as its limit, and refuses one level more', () => {
    const nested = (levels: number) => `${'<R>'.repeat(levels)}${'</R>'.repeat(levels)}`
    expect(parse(nested(MAX_DEPTH)).children).toHaveLength(1)
    expect(() => parse(nested(MAX_DEPTH + 1))).toThrow(MalformedXmlError)
  })

  it('reads as many elements as its limit, and refuses one more', () => {
    const many = (count: number) => `<R>${'<a/>'.repeat(count - 1)}</R>`
    expect(parse(many(MAX_ELEMENTS)).children).toHaveLength(MAX_ELEMENTS - 1)
    expect(() => parse(many(MAX_ELEMENTS + 1))).toThrow(MalformedXmlError)
  })

  it('reads text as long as its limit, and refuses one character more', () => {
    expect(parse(`<R>${'x'.repeat(MAX_TEXT)}</R>`).text).toHaveLength(MAX_TEXT)
    expect(() => parse(`<R>${'x'.repeat(MAX_TEXT + 1)}</R>`)).toThrow(MalformedXmlError)
  })

  it('refuses a document of more bytes than its limit, whatever they are', () => {
    const padding = (bytes: number) => Buffer.from(`<R/>${' '.repeat(bytes - 4)}`)
    expect(() => parseXml(padding(MAX_XML_BYTES + 1), 'R')).toThrow(/more than 8388608 bytes/)
  })

  it('quotes nothing of the document in an error', () => {
    for (const document of ['<R>SECRET & x</R>', '<SECRET/>', 'SECRET', '<R><SECRET></R>']) {
      expect(() => parse(document)).toThrow(/^(?!.*SECRET)/s)
    }
  })

  it('reads back every tree that it can write', () => {
    const name = fc.constantFrom('A', 'b-c', '_d.e', '__proto__', 'constructor', 'Ünï')
    // Every character XML 1.0 allows, markup and line ends often.
    const text = fc
      .string({
        unit: fc.oneof(
          fc.string({ unit: 'binary', maxLength: 1 }),
          fc.constantFrom(...'<>&"\'\r\n\t ]'),
        ),
      })
      .filter((value) => !/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(value))
    const leaf = fc.tuple(name, text)
    const document = fc.array(fc.tuple(name, fc.array(leaf, { maxLength: 3 })), { maxLength: 4 })
    fc.assert(
      fc.property(document, (groups) => {
        const root: XmlNode = ['R', groups]
        const read = parse(writeXml(root)).children.map((group) => [
          group.name,
          group.children.map((child) => [child.name, child.text]),
        ])
        expect(read).toEqual(groups)
      }),
    )
  })
})

describe('writeXml', () => {
  it('writes declaration, indentation and escapes, and leaves out what is undefined', () => {
    const document = writeXml([
      'R',
      [
        ['A', '<a> & "b"\r\n'],
        ['B', undefined],
        ['C', [['D', 18446744073709551615n]]],
        ['E', false],
        ['F', 0],
        ['G', ''],
        ['H', []],
      ],
    ])
    expect(document.split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<R>',
      '  <A>&lt;a&gt; &amp; "b"&#xD;',
      '</A>',
      '  <C>',
      '    <D>18446744073709551615</D>',
      '  </C>',
      '  <E>false</E>',
      '  <F>0</F>',
      '  <G></G>',
      '  <H>',
      '  </H>',
      '</R>',
      '',
    ])
  })

  it.each(['\u0000', '\u0001', '\u001F', '\uFFFE', '\uFFFF', '\uD800', 'a\uDC00b'])(
    'writes %j so that a reader refuses it rather than taking it for another text',
    (text) => {
      const document = Buffer.from(writeXml(['R', [['f', text]]]))
      expect(document.toString()).toMatch(/<f>a?&#x[\dA-F]+;b?<\/f>/)
      expect(() => parseXml(document, 'R')).toThrow(MalformedXmlError)
    },
  )
})
