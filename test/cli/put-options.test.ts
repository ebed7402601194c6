import { describe, expect, it } from 'vitest'
import { cleanCommand, uploadLeft } from '../../src/cli/leftover.js'
import { putOperands } from '../../src/cli/put-options.js'
import { checkSource, SourceWitness } from '../../src/cli/source-witness.js'

describe('the operands of put', () => {
  const file = (path: string, target: string) => ({ source: { kind: 'file', path }, target })

  it.each([
    [['oss://b/k'], undefined, { source: { kind: 'stdin' }, target: 'oss://b/k' }],
    [['-', 'oss://b/k'], undefined, { source: { kind: 'stdin' }, target: 'oss://b/k' }],
    [['f', 'oss://b/k'], undefined, file('f', 'oss://b/k')],
    [['a/f', 'oss://b/k/'], undefined, file('a/f', 'oss://b/k/f')],
    [['a/f', 'oss://b/'], undefined, file('a/f', 'oss://b/f')],
    [['a/f', 'oss://b'], undefined, file('a/f', 'oss://b/f')],
    [['f', 'oss:///k'], undefined, file('f', 'oss:///k')],
    [
      ['oss://b/k'],
      ['pg_dump', '-x'],
      { source: { kind: 'child', command: 'pg_dump', args: ['-x'] }, target: 'oss://b/k' },
    ],
  ])('%j and the command %j are understood', (operands, child, understood) => {
    expect(putOperands(operands, child)).toEqual(understood)
  })

  it.each([
    [['k'], undefined, 'Expected the target to be oss://BUCKET/KEY, got "k"'],
    [['-', 'oss://b/k/'], undefined, 'Expected the target to have a key, got "oss://b/k/"'],
    [['a/', 'oss://b/'], undefined, 'Expected the target to have a key, got "oss://b/"'],
    [['oss://a/b', 'oss://b/k'], undefined, 'Expected a file or - as the source, got "oss://a/b"'],
    [['oss://b/k'], [], 'Expected a command after --'],
    [['oss://b/k'], [''], 'Expected a command after --'],
    [['f', 'oss://b/k'], ['x'], 'Expected no source beside a command, got "f"'],
    [['oss://b/k/'], ['x'], 'Expected the target to have a key, got "oss://b/k/"'],
  ])('%j and the command %j are refused', (operands, child, message) => {
    expect(() => putOperands(operands, child)).toThrow(message)
  })
})

describe('what is left', () => {
  const ending = {
    bucket: 'b',
    key: 'k',
    uploadId: 'U',
    outcome: 'absent',
    abortError: undefined,
  } as const

  it.each([
    ['nothing, cleaned up', {}, false, undefined],
    ['what was kept', {}, true, 'U'],
    ['what could not be removed', { abortError: new Error('x') }, false, 'U'],
    ['nothing, published', { abortError: new Error('x'), outcome: 'published' }, true, undefined],
    ['nothing, there was no upload', { uploadId: undefined }, true, undefined],
    ['perhaps something', { outcome: 'unknown', abortError: new Error('x') }, false, 'U'],
  ] as const)('is %s', (_name, change, keeps, uploadId) => {
    expect(uploadLeft({ ...ending, ...change }, keeps)).toBe(uploadId)
  })

  it('is removed by a command that a shell takes as it is', () => {
    expect(cleanCommand('b', 'a/k.gz', 'U1')).toBe('osspipe clean oss://b/a/k.gz --upload-id U1')
    expect(cleanCommand('b', "it's $x", 'U1')).toBe(
      "osspipe clean 'oss://b/it'\\''s $x' --upload-id U1",
    )
  })
})

describe('the guards of a source', () => {
  const seen = (text: string) => ({ size: text.length, tail: Buffer.from(text).subarray(-4096) })

  it('pass what is whole', () => {
    checkSource(seen('-- complete\n\n'), { minSize: 13, expectTrailer: 'complete' })
    checkSource(seen(''), {})
    expect(() => checkSource(seen('x'), { minSize: 2 })).toThrow(
      'Expected at least 2 bytes, got 1; nothing is published',
    )
  })

  it.each([
    ['ä'.repeat(10), 'ä', true],
    [`END${'\n'.repeat(4093)}`, 'END', true],
    [`END${'\n'.repeat(4094)}`, 'END', false],
    ['EN', 'END', false],
  ])('find a trailer in the last 4 KiB alone', (text, expectTrailer, found) => {
    const check = () => checkSource(seen(text), { expectTrailer })
    if (found) expect(check).not.toThrow()
    else expect(check).toThrow(`Expected "${expectTrailer}" in the last 4096 bytes`)
  })

  it('see all bytes of a source, however it is cut', async () => {
    const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251))
    for (const cut of [1, 1000, 4096, 5000, 20_000]) {
      const witness = new SourceWitness()
      const out: Buffer[] = []
      witness.on('data', (chunk: Buffer) => out.push(chunk))
      for (let at = 0; at < bytes.length; at += cut) witness.write(bytes.subarray(at, at + cut))
      await new Promise((resolve) => witness.on('end', resolve).end())
      expect(Buffer.concat(out).equals(bytes)).toBe(true)
      expect(witness.size).toBe(20_000)
      expect(witness.tail.equals(bytes.subarray(-4096))).toBe(true)
    }
  })
})
