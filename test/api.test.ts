/** A changed signature of the public face is noticed, and has to be meant. Needs a build, as `npm test` makes one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { apiReport } from './helpers/api-report.js'

const REPORT = fileURLToPath(new URL('fixtures/api.d.ts.txt', import.meta.url))

/** A `dist` of its own, with these declarations. */
function distOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'osspipe-api-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const all = { 'index.d.ts': '', 'server/server.d.ts': '', ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return `${folder}/`
}

describe('the public face', () => {
  it('is what test/fixtures/api.d.ts.txt says', () => {
    const accepted = readFileSync(REPORT, 'utf8')
    const message = 'The public face has changed. If that is meant, accept it: npm run api'
    expect(apiReport(), message).toBe(accepted)
  })
})

describe('the report of it', () => {
  it('holds what an entry exports and what that speaks of, and nothing else', () => {
    const dist = distOf({
      'index.d.ts': `export { open, type Options as OpenOptions } from './open.js';\n`,
      'open.d.ts': [
        `import type { Size } from './deep/size.js';`,
        'export interface Options {\n    readonly size?: Size;\n}',
        'export declare function open(options?: Options): void;',
        'export declare function secret(): void;',
        '',
      ].join('\n'),
      'deep/size.d.ts': 'export type Size = number;\nexport type Other = string;\nexport {};\n',
    })
    expect(apiReport(dist)).toBe(
      [
        '// osspipe: OpenOptions, open',
        '// osspipe/server: ',
        '',
        '// deep/size.d.ts',
        'export type Size = number;',
        '',
        '// open.d.ts',
        'export interface Options {\n    readonly size?: Size;\n}',
        'export declare function open(options?: Options): void;',
        '',
      ].join('\n'),
    )
  })

  it('has no comment, and no member that is internal, but texts as they are', () => {
    const dist = distOf({
      'index.d.ts': [
        '/** Many\n * words. */',
        'export declare class Door {',
        '    /** @internal */\n    hinge(): void;',
        '    readonly url: \'oss://\' | "/*"; // here',
        '}',
        '',
      ].join('\n'),
    })
    expect(apiReport(dist)).toContain(
      `export declare class Door {\n    readonly url: 'oss://' | "/*";\n}\n`,
    )
  })

  it('has all overloads of a function', () => {
    const overloads = [
      'export declare function open(path: string): void;',
      'export declare function open(descriptor: number): void;',
    ].join('\n')
    expect(apiReport(distOf({ 'index.d.ts': overloads }))).toContain(overloads)
  })

  it('changes with a field of a type that is only spoken of', () => {
    const files = (type: string) => ({
      'index.d.ts': `export { open } from './open.js';\n`,
      'open.d.ts': `interface Options {\n    size: ${type};\n}\nexport declare function open(options: Options): void;\n`,
    })
    expect(apiReport(distOf(files('number')))).not.toBe(apiReport(distOf(files('string'))))
  })
})
