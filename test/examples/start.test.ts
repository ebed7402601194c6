/** What `npm start` decides by: whether all came back equal, and what the terminal shows. */
import { mkdtemp, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { differences, type Tree, type TreeEntry } from '../../examples/start/compare.js'
import { fitLine, ProgressLine } from '../../examples/start/progress-line.js'
import { readBack } from '../../examples/start/read-back.js'
import { compareHead, type ReportFacts, reportText } from '../../examples/start/report.js'
import { packTree } from '../../examples/start/source-tree.js'
import { makeNastyTree } from './nasty-tree.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osspipe-examples-test-'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

describe('packing and reading back', () => {
  it('gives every entry as it was', async () => {
    await makeNastyTree(folder)
    const { source, archive } = await packed()
    const restored = await readBack(Readable.from([gzipSync(archive)]), () => {}, quiet())
    expect(differences(source.entries, restored)).toEqual([])
    expect(restored.get('run.sh')).toMatchObject({ type: 'file', mode: 0o751, size: 10 })
    expect(restored.get('link')).toMatchObject({ type: 'symlink', linkTarget: 'no/such' })
    expect(restored.get('ä b/中文/empty')).toMatchObject({ type: 'file', size: 0 })
  })

  it('notices a file that came back changed', async () => {
    await writeFile(join(folder, 'file'), 'content A')
    const { source, archive } = await packed()
    archive.write('content B', archive.indexOf('content A'))
    const restored = await readBack(Readable.from([gzipSync(archive)]), () => {}, quiet())
    expect(differences(source.entries, restored)).toEqual([
      expect.stringMatching(
        /^different: "file" has sha256 [0-9a-f]{64}, came back with [0-9a-f]{64}$/,
      ),
    ])
  })

  it.each([
    [
      'breaks off in the gzip',
      (tar: Buffer) => gzipSync(tar).subarray(0, -20),
      'unexpected end of file',
    ],
    [
      'breaks off in the tar',
      (tar: Buffer) => gzipSync(tar.subarray(0, -1500)),
      'Unexpected end of data',
    ],
    ['is no gzip', (tar: Buffer) => tar, 'incorrect header check'],
  ])('rejects an archive that %s', async (_how, damage, message) => {
    await writeFile(join(folder, 'file'), 'x'.repeat(2000))
    const { archive } = await packed()
    const reading = readBack(Readable.from([damage(archive)]), () => {}, quiet())
    await expect(reading).rejects.toThrow(message)
  })

  it.each([
    [
      'shrinks',
      'a',
      (path: string) => truncate(path, 1024 ** 2),
      'changed while it was being read',
    ],
    [
      'grows',
      'a',
      (path: string) => truncate(path, 9 * 1024 ** 2),
      'changed while it was being read',
    ],
    ['vanishes', 'b', unlink, 'vanished while the tree was being read'],
  ])('fails with a clear message if a file %s meanwhile', async (_how, name, disturb, message) => {
    for (const file of ['a', 'b']) await writeFile(join(folder, file), Buffer.alloc(8 * 1024 ** 2))
    const { tar } = packTree(folder)
    const reading = tar[Symbol.asyncIterator]()
    // Two headers, and then content of "a": from here on only a few buffers are read ahead.
    for (let bytes = 0; bytes <= 1024; ) bytes += (await reading.next()).value?.length ?? Infinity
    await disturb(join(folder, name))
    const drained = (async () => {
      while (!(await reading.next()).done);
    })()
    await expect(drained).rejects.toThrow(`"${join(folder, name)}" ${message}`)
  })

  async function packed() {
    const source = packTree(folder)
    return { source, archive: await buffer(source.tar) }
  }
})

describe('the comparison', () => {
  const file: TreeEntry = { type: 'file', mode: 0o644, size: 3, sha256: 'aa', linkTarget: '' }
  const source: Tree = new Map([['file', file]])

  it.each<[string, Tree, string[]]>([
    ['equal', new Map([['file', file]]), []],
    ['missing', new Map(), ['missing: "file"']],
    ['extra', new Map([...source, ['more', file]]), ['extra: "more"']],
    ['digest', with_({ sha256: 'bb' }), ['different: "file" has sha256 aa, came back with bb']],
    ['mode', with_({ mode: 0o600 }), ['different: "file" has mode 0644, came back with 0600']],
    ['size', with_({ size: 4 }), ['different: "file" has size 3, came back with 4']],
    [
      'type',
      with_({ type: 'symlink' }),
      ['different: "file" has type file, came back with symlink'],
    ],
    [
      'link',
      with_({ linkTarget: 'x' }),
      ['different: "file" has linkTarget "", came back with "x"'],
    ],
  ])('tells what is %s', (_what, restored, lines) => {
    expect(differences(source, restored)).toEqual(lines)
  })

  it('shows no control characters of a name', () => {
    expect(differences(new Map([['a\nb\x1b[2J', file]]), new Map())).toEqual([
      'missing: "a\\u{a}b\\u{1b}[2J"',
    ])
  })

  it('tells where HEAD disagrees with the upload', () => {
    const { result } = facts()
    expect(compareHead(result, { size: 2, etag: 'E', crc64: '7' })).toEqual([])
    expect(compareHead(result, { size: 3, etag: 'F', crc64: '8' })).toEqual([
      'different: the upload told size 2, HEAD 3',
      'different: the upload told etag E, HEAD F',
      'different: the upload told crc64 7, HEAD 8',
    ])
  })

  it('ends the report with a verdict, and shows at most 20 problems', () => {
    expect(reportText(facts())).toMatch(/\nOK: "\/r" came back equal, 1 entry in all\.\n$/)
    const problems = Array.from({ length: 25 }, (_, i) => `missing: "${i}"`)
    expect(reportText({ ...facts(), problems })).toMatch(
      /\n {2}missing: "19"\n {2}… and 5 more differences\nFAILED: 25 differences between .*\n$/,
    )
  })

  function with_(change: Partial<TreeEntry>): Tree {
    return new Map([['file', { ...file, ...change }]])
  }

  function facts(): ReportFacts {
    const result = { bucket: 'b', key: 'k', url: 'u', size: 2, etag: 'E', crc64: '7', parts: 1 }
    return {
      root: '/r',
      source,
      notes: [],
      result: { ...result, durationMs: 1, retries: 0 },
      head: { size: 2, etag: 'E', crc64: '7' },
      problems: [],
      partSize: 1024 ** 2,
      mostInFlight: 1,
      uploadMs: 1000,
      readBackMs: 1000,
      peakRss: 1024 ** 2,
    }
  }
})

describe('the progress line', () => {
  const text = {
    long: ['48.0 MiB in', '44 parts acknowledged'],
    short: ['in 48', 'parts 44', 'RSS 9'],
  }

  it.each([
    [200, '48.0 MiB in | 44 parts acknowledged'],
    [36, '48.0 MiB in | 44 parts acknowledged'],
    [35, 'in 48, parts 44, RSS 9'],
    [23, 'in 48, parts 44, RSS 9'],
    [22, 'in 48, parts 44'],
    [15, 'in 48'],
    [4, 'in '],
    [1, ''],
    [0, ''],
  ])('in a terminal of %i columns is "%s"', (columns, line) => {
    expect(fitLine(text, columns)).toBe(line)
  })

  it('is redrawn in place on a terminal, and leaves the cursor on a new line', () => {
    vi.stubEnv('TERM', 'xterm')
    const output = { isTTY: true, columns: 20, written: '', write: append }
    new ProgressLine(output, () => text).end()
    expect(output.written).toBe('\rin 48, parts 44\x1b[K\rin 48, parts 44\x1b[K\n')
  })

  it.each([
    ['a pipe', false, 'xterm'],
    ['a terminal that cannot move its cursor', true, 'dumb'],
  ])('is told at least once, at length, to %s', (_what, isTTY, term) => {
    vi.stubEnv('TERM', term)
    const output = { isTTY, columns: 20, written: '', write: append }
    new ProgressLine(output, () => text).end()
    expect(output.written).toBe('48.0 MiB in, 44 parts acknowledged\n')
  })

  function append(this: { written: string }, more: string): void {
    this.written += more
  }
})

function quiet(): AbortSignal {
  return new AbortController().signal
}
