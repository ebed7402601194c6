/** Holds the shape of the house: who may import whom, where time and chance live, how long a file is. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), '../src')

/** What each room may import: rooms, single files (without `.ts`), packages; `node:` is told apart. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [
    'protocol',
    'errors',
    'unknown-option',
    'node:crypto',
    'node:net',
    'node:buffer',
    'fast-xml-parser',
  ],
  cancellation: [],
  client: [
    'cancellation',
    'client',
    'protocol',
    'diagnostics',
    'errors',
    'credentials',
    'unknown-option',
    'node:',
    'undici',
  ],
  digest: [
    'digest',
    'protocol',
    'node:crypto',
    'node:os',
    'node:perf_hooks',
    'node:worker_threads',
  ],
  upload: ['cancellation', 'upload', 'digest', 'protocol', 'errors', 'upload-errors'],
  download: [
    'download',
    'protocol',
    'errors',
    'download-errors',
    'expected-digest',
    'stream-witness',
  ],
  server: ['server', 'protocol', 'errors', 'unknown-option', 'node:', 'memfs'],
  cli: ['cli', 'index', 'server', 'node:', 'commander'],
  errors: [],
  diagnostics: ['errors', 'node:diagnostics_channel'],
  'unknown-option': ['errors'],
  credentials: ['cancellation', 'errors', 'client', 'unknown-option'],
  'child-process-source': ['errors', 'node:child_process', 'node:stream'],
  'file-source': ['stream-options', 'node:'],
  'parallel-gzip': [
    'aborted-before',
    'client',
    'errors',
    'stream-options',
    'strict-writable',
    'unknown-option',
    'node:',
  ],
  'strict-writable': ['errors', 'node:stream'],
  'upload-errors': ['errors'],
  'download-errors': ['errors', 'expected-digest'],
  'upload-result': ['errors', 'upload'],
  'abort-on-signals': ['errors'],
  'file-checkpoint': ['errors', 'unknown-option', 'upload', 'node:fs/promises', 'node:path'],
  conclusion: [],
  'expected-digest': ['errors', 'protocol', 'unknown-option'],
  'stream-witness': ['digest', 'expected-digest', 'protocol'],
  'publish-guard': ['errors', 'expected-digest', 'stream-witness', 'upload', 'upload-errors'],
  options: ['client', 'protocol', 'expected-digest', 'publish-guard', 'upload'],
  'resolve-headers': ['errors', 'expected-digest', 'options', 'protocol'],
  'stream-options': ['client', 'protocol', 'errors'],
  'resolve-options': [
    'client',
    'digest',
    'protocol',
    'errors',
    'expected-digest',
    'options',
    'publish-guard',
    'resolve-headers',
    'stream-options',
    'unknown-option',
    'upload',
  ],
  'client-target': ['client', 'upload', 'resolve-headers', 'protocol', 'errors'],
  'stream-upload': [
    'client',
    'client-target',
    'diagnostics',
    'digest',
    'process-budget',
    'resolve-options',
    'traced-target',
    'upload',
  ],
  'process-budget': ['client', 'upload', 'node:os'],
  'traced-target': ['diagnostics', 'upload'],
  'upload-watch': ['client', 'diagnostics', 'upload'],
  'write-events': [
    'client',
    'errors',
    'listening',
    'options',
    'strict-writable',
    'upload',
    'upload-result',
    'node:stream',
  ],
  'aborted-before': ['node:stream'],
  interruptions: ['aborted-before', 'client'],
  'write-stream': [
    'aborted-before',
    'client',
    'interruptions',
    'stream-upload',
    'conclusion',
    'upload',
    'options',
    'publish-guard',
    'resolve-options',
    'errors',
    'upload-errors',
    'upload-file',
    'upload-result',
    'upload-watch',
    'write-events',
  ],
  'client-source': ['client', 'download'],
  'read-options': ['client', 'expected-digest'],
  'resolve-read-options': [
    'client',
    'download',
    'protocol',
    'errors',
    'expected-digest',
    'read-options',
    'stream-options',
    'unknown-option',
  ],
  'read-events': ['client', 'download', 'listening', 'read-options', 'node:stream'],
  'read-stream': [
    'client',
    'client-source',
    // Its meter of the event loop's load.
    'digest',
    'download',
    'errors',
    'read-events',
    'read-options',
    'resolve-read-options',
  ],
  'byte-chunk': ['node:stream'],
  listening: ['strict-writable', 'node:stream'],
  'publish-together': ['publish-guard'],
  'tee-branch': ['errors', 'strict-writable', 'upload-result', 'write-stream', 'node:stream'],
  tee: [
    'listening',
    'conclusion',
    'errors',
    'publish-guard',
    'publish-together',
    'stream-options',
    'strict-writable',
    'tee-branch',
    'unknown-option',
    'node:stream',
  ],
  'digest-tap': [
    'expected-digest',
    'stream-options',
    'stream-witness',
    'strict-writable',
    'unknown-option',
    'node:stream',
  ],
  'token-bucket': [],
  'rate-limit': [
    'client',
    'errors',
    'stream-options',
    'token-bucket',
    'strict-writable',
    'unknown-option',
    'node:stream',
  ],
  'write-chunk': ['node:stream'],
  'rotation-plan': [],
  'rotation-options': [
    'client',
    'errors',
    'options',
    'resolve-options',
    'rotation-plan',
    'stream-options',
    'unknown-option',
  ],
  'rotating-write-stream': [
    'aborted-before',
    'listening',
    'conclusion',
    'errors',
    'interruptions',
    'rotation-options',
    'rotation-plan',
    'strict-writable',
    'upload-errors',
    'upload-result',
    'write-chunk',
    'write-stream',
    'node:stream',
  ],
  'web-writable-stream': [
    'write-chunk',
    'byte-chunk',
    'errors',
    'options',
    'resolve-options',
    'upload-result',
    'write-stream',
    'node:stream/web',
  ],
  'upload-file': [
    'errors',
    'file-source',
    'options',
    'resolve-options',
    'stream-options',
    'upload',
    'upload-errors',
    'upload-file',
    'upload-result',
    'write-stream',
    'node:',
  ],
  'upload-to-oss': [
    'byte-chunk',
    'errors',
    'options',
    'resolve-options',
    'upload-result',
    'write-stream',
    'node:',
  ],
  index: [
    'abort-on-signals',
    'child-process-source',
    'client',
    'credentials',
    'diagnostics',
    'download',
    'download-errors',
    'errors',
    'expected-digest',
    'file-checkpoint',
    'file-source',
    'options',
    'parallel-gzip',
    'protocol',
    'publish-guard',
    'read-events',
    'read-options',
    'read-stream',
    'upload',
    'upload-errors',
    'upload-file',
    'upload-result',
    'upload-to-oss',
    'digest-tap',
    'rate-limit',
    'rotating-write-stream',
    'rotation-options',
    'rotation-plan',
    'tee',
    'tee-branch',
    'web-writable-stream',
    'upload-watch',
    'write-events',
    'write-stream',
  ],
}

/** The one file that may import a package; types may be imported anywhere the room allows it. */
const ONLY_IN: Readonly<Record<string, string>> = {
  undici: 'client/transport',
  'fast-xml-parser': 'protocol/xml-parser',
  memfs: 'server/store-fs',
  commander: 'cli/program',
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name: name.split(sep).join('/'), text: readFileSync(join(SRC, name), 'utf8') }))

const imports = files.flatMap(({ name, text }) =>
  [...text.matchAll(/^(?:import|export)( type)? [^'"]*?from '([^']+)'|import\('([^']+)'\)/gm)].map(
    (match) => ({
      from: name,
      typeOnly: match[1] !== undefined,
      to: target(name, match[2] ?? match[3] ?? ''),
    }),
  ),
)

describe('the house', () => {
  it('is read as a whole', () => {
    expect(files.length).toBeGreaterThan(40)
    expect(imports.length).toBeGreaterThan(100)
  })

  it('lets imports point one way only', () => {
    const wrong = imports.filter(({ from, to }) => !mayImport(from, to))
    expect(wrong).toEqual([])
  })

  it.each(Object.entries(ONLY_IN))('imports the code of %s in %s only', (name, home) => {
    const importers = imports.filter(({ to, typeOnly }) => to === name && !typeOnly)
    expect([...new Set(importers.map(({ from }) => from))]).toEqual([`${home}.ts`])
  })

  it('takes time and chance from its three clocks only', () => {
    const clocks = ['client/clock.ts', 'server/clock.ts', 'cli/clock.ts']
    const wrong = files.filter(
      ({ name, text }) =>
        !clocks.includes(name) &&
        /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(Timeout|Interval|Immediate)\(|timers\/promises/.test(
          text,
        ),
    )
    expect(wrong.map(({ name }) => name)).toEqual([])
  })

  it('has no file of more than 300 lines', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 301)
    expect(long.map(({ name }) => name)).toEqual([])
  })

  it('never waits at the top level, so that `require()` can load it', () => {
    expect(
      files.filter(({ text }) => /^(?:const .*= )?await /m.test(text)).map(({ name }) => name),
    ).toEqual([])
  })
})

/** `../errors.js` seen from `upload/part.ts` → `errors`; packages stay as they are. */
function target(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  const path = relative(SRC, resolve(SRC, dirname(from), specifier))
  return path.split(sep).join('/').replace(/\.js$/, '')
}

function mayImport(from: string, to: string): boolean {
  const [room = ''] = from.replace(/\.ts$/, '').split('/')
  const allowed = ALLOWED[room] ?? []
  const [top = ''] = to.startsWith('node:') ? [to] : to.split('/')
  return allowed.some((each) => each === top || (each === 'node:' && to.startsWith('node:')))
}
