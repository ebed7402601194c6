/**
 * The package as a user gets it: packed, installed in an empty folder, compiled and run there. Not
 * part of `npm test`, since it installs from the registry: `npm run test:package`.
 */
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linksOf } from '../docs/links.js'
import { installPacked, type Packed, removeFolder, sizeOf } from './packed.js'

const BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))
const SETTINGS = [
  ...['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false'],
  ...['--target', 'es2022', '--lib', 'es2022,esnext.disposable', '--types', 'node'],
]
const COMPILERS = { 'TypeScript 5.2': 'ts5-2', 'TypeScript 5.9': 'ts5-9', 'TypeScript 7': 'ts7' }

/** The code itself is for those who have cloned it: links to it lead nowhere in the package. */
const SOURCE = /\.ts$|^examples\/start$/

let folder: string
let packed: Packed

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osspipe-package-'))
  packed = await installPacked(folder, [
    'memfs@4',
    '@types/node@20.19',
    'ts5-2@npm:typescript@5.2',
    'ts5-9@npm:typescript@5.9',
    'ts7@npm:typescript@7',
  ])
}, 300_000)

afterAll(() => removeFolder(folder))

function compile(compiler: string, ...args: readonly string[]): Promise<string> {
  return compileIn(packed, compiler, ...args)
}

function compileIn({ exec }: Packed, compiler: string, ...args: readonly string[]) {
  return exec('node', `node_modules/${compiler}/bin/tsc`, ...SETTINGS, ...args)
}

async function manifest() {
  return JSON.parse(await readFile(join(folder, 'node_modules/osspipe/package.json'), 'utf8'))
}

/** The files that a page of the package leads to, named from its root. */
async function targetsOf(root: string, page: string): Promise<string[]> {
  const targets = linksOf(await readFile(join(root, page), 'utf8'))
  return targets
    .filter((target) => !/^(https:|#)/.test(target))
    .map((target) => join(dirname(page), target.replace(/#.*/, '')))
}

describe('the package', () => {
  it('has no complaint from publint', async () => {
    await packed.exec(join(BIN, 'publint'), 'run', packed.tarball, '--strict')
  })

  it('has types that resolve, as arethetypeswrong sees it', async () => {
    await packed.exec(join(BIN, 'attw'), packed.tarball, '--profile', 'esm-only')
  })

  it('is small, has few dependencies, and runs nothing when it is installed', async () => {
    const { dependencies, scripts = {} } = await manifest()
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(5)
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([])
    expect(await sizeOf(join(folder, 'node_modules/osspipe'))).toBeLessThan(2 * 1024 ** 2)
  })

  it('brings neither tests nor sources, but its licence and the guide', async () => {
    const files = (await packed.exec('tar', '-tzf', packed.tarball)).trim().split('\n')
    expect(files).toContain('package/dist/osspipe.1')
    const rest = files.filter((name) => !name.startsWith('package/dist/'))
    const others = rest.filter((name) => !/\.(md|svg)$/.test(name))
    expect(others.sort()).toEqual(['package/LICENSE', 'package/package.json'])
    expect(rest).toContain('package/README.md')
    expect(rest).toContain('package/examples/guide/cli.md')
  })

  it('has what the README and the guide lead to, but source code, and no picture besides', async () => {
    const root = join(folder, 'node_modules/osspipe')
    const files = (await readdir(root, { recursive: true })).filter((name) => !/^dist/.test(name))
    const pages = files.filter((name) => name.endsWith('.md'))
    const links = await Promise.all(pages.map((page) => targetsOf(root, page)))
    const targets = new Set(links.flat())
    expect([...targets].filter((name) => !SOURCE.test(name) && !files.includes(name))).toEqual([])
    const pictures = files.filter((name) => name.endsWith('.svg'))
    expect(pictures.filter((name) => !targets.has(name))).toEqual([])
  })

  it('has the command', async () => {
    expect(await packed.exec('npx', '--no-install', 'osspipe', '--version')).toMatch(/^\d+\.\d+\./)
  })
})

describe.each(Object.entries(COMPILERS))('with %s', (_name, compiler) => {
  it('its types hold for ES modules, all declarations checked', async () => {
    await compile(compiler, '--module', 'nodenext', '--outDir', `out-${compiler}`, 'esm.mts')
  })

  it('its types hold for bundlers', async () => {
    const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit']
    await compile(compiler, ...bundler, 'esm.mts')
  })
})

// Whoever runs `npm install @types/node` has these; Node's typings change from line to line.
it.each(['22', '26'])('its types hold with those of Node %s', async (line) => {
  const types = [`@types/node@${line}`, 'ts7@npm:typescript@7']
  const user = await installPacked(join(folder, `types-${line}`), types)
  await compileIn(user, 'ts7', '--module', 'nodenext', '--noEmit', 'esm.mts')
})

describe('in CommonJS', () => {
  // Earlier versions let no CommonJS file require an ES module.
  it.each(['ts5-9', 'ts7'])('its types hold with %s', async (compiler) => {
    await compile(compiler, '--module', 'nodenext', '--outDir', `out-${compiler}`, 'commonjs.cts')
  })
})

it.each(['20', '24'])('on Node %s the command serves, uploads and reads back', async (line) => {
  const runs = [
    '-y',
    '-p',
    `node@${line}`,
    'node',
    '-p',
    'process.version + " " + process.execPath',
  ]
  const [version = '', node = ''] = (await packed.exec('npx', ...runs)).trim().split(' ')
  expect(version).toMatch(new RegExp(`^v${line}\\.`))
  const told = await packed.exec('bash', 'command-line.sh', `data-${line}`, node)
  expect(told.trim().split('\n')).toEqual([
    'from a command',
    expect.stringMatching(/^\S+ +\d+ dump\.gz$/),
    'stopped',
  ])
})

describe.each(['20.19', '20', '22', '24', '26'])('on Node %s', (line) => {
  const node = (file: string) => packed.exec('npx', '-y', '-p', `node@${line}`, 'node', file)

  it('it is imported', async () => {
    expect(JSON.parse(await node('out-ts5-9/esm.mjs'))).toEqual({
      node: expect.stringMatching(new RegExp(`^v${line}\\.`)),
      parts: [3, 1],
      isWhole: true,
      code: 'NoSuchBucket',
    })
  })

  it('it is required', async () => {
    expect(JSON.parse(await node('out-ts5-9/commonjs.cjs'))).toEqual({
      node: expect.stringMatching(new RegExp(`^v${line}\\.`)),
      size: 19,
    })
  })
})
