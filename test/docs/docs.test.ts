/** Every code block of the README and of the guide runs as it stands there, and its types hold. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer } from '../helpers/start-server.js'
import { type Block, blocksOf } from './blocks.js'
import { SCENES, type Scene } from './scenes.js'
import { makeWorkplace } from './workplace.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GUIDE = 'examples/guide'
const pages = ['README.md', ...guide()]
const blocks = pages.flatMap((page) => blocksOf(page, readFileSync(join(ROOT, page), 'utf8')))
/** Pictures, output and data: nothing that could be run. */
const SHOWN = ['mermaid', 'text', 'json', 'xml', '']
const runnable = blocks.filter(({ language }) => !SHOWN.includes(language))

let folder: string
let environment: Record<string, string>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osspipe-docs-test-'))
  environment = await makeWorkplace(folder)
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function guide(): string[] {
  return readdirSync(join(ROOT, 'examples'))
    .filter((name) => name === 'guide')
    .flatMap(() => readdirSync(join(ROOT, GUIDE)))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${GUIDE}/${name}`)
}

function sceneOf({ page, line, scene }: Block): Scene {
  const found = SCENES[scene]
  if (found === undefined) throw new Error(`${page}:${line}: there is no scene "${scene}"`)
  return found
}

function codeOf(block: Block): string {
  const { before = '', after = '', instead = {} } = sceneOf(block)
  let { code } = block
  for (const [theirs, ours] of Object.entries(instead)) {
    expect(code, 'what is to be replaced').toContain(theirs)
    code = code.replaceAll(theirs, ours)
  }
  return [before, code, after, 'export {}', ''].join('\n')
}

async function exec(command: string, args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ code: unknown; output: string }>((resolve) => {
    const child = execFile(
      command,
      [...args],
      { cwd: folder, env: { ...process.env, NO_COLOR: '1', ...environment, ...env } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    )
    child.stdin?.end()
  })
}

describe('the docs', { timeout: 60_000 }, () => {
  it('have blocks that run', () => {
    expect(runnable.length).toBeGreaterThan(8)
  })

  const here = runnable.filter((block) => {
    const { inCi, heldBy, areScripts } = sceneOf(block)
    return inCi === undefined && heldBy === undefined && areScripts === undefined
  })
  it.each(here.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s runs',
    async (_place, block) => {
      const server = await startServer({ buckets: ['backups', 'demo'] })
      const { endpoint, region, credentials } = server.options()
      const { code, output } = await runBlock(block, {
        OSS_ENDPOINT: endpoint,
        OSS_REGION: region,
        OSS_ACCESS_KEY_ID: credentials.accessKeyId,
        OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
      })
      expect(code, output).toBe(sceneOf(block).exitCode ?? 0)
      expect(server.uploads.list()).toEqual([])
    },
  )

  async function runBlock(block: Block, env: Record<string, string>) {
    if (block.language === 'sh') {
      return exec('bash', ['-euo', 'pipefail', '-c', block.code], env)
    }
    const { testFile = 'block.ts' } = sceneOf(block)
    await writeFile(join(folder, testFile), codeOf(block))
    return testFile === 'block.ts'
      ? exec(process.execPath, ['--import', 'tsx', testFile], env)
      : exec(
          process.execPath,
          ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout=50000', testFile],
          env,
        )
  }

  it('have types that hold', async () => {
    const files: string[] = []
    for (const block of runnable.filter(({ language }) => language === 'ts')) {
      const file = `block-${files.length}.ts`
      files.push(file)
      const place = `// ${block.page}:${block.line}\n`
      await writeFile(join(folder, file), place + codeOf(block))
    }
    const flags = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--skipLibCheck']
    const target = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node']
    const lib = ['--lib', 'es2023,esnext.disposable']
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { output } = await exec(process.execPath, [tsc, ...flags, ...target, ...lib, ...files])
    expect(output).toBe('')
  })

  it('leave to tests of their own only what these do', () => {
    const tests = runnable.flatMap((block) => sceneOf(block).heldBy ?? [])
    expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })

  it('name only scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const lines = runnable
      .filter((block) => sceneOf(block).areScripts)
      .flatMap(({ code }) => code.split('\n'))
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(Object.keys(scripts)).toContain(/^npm run (\S+)/.exec(line)?.[1])
    }
  })

  it('leave to continuous integration only what it does', () => {
    const script = readFileSync(join(ROOT, '.ci/run'), 'utf8')
    const lines = runnable
      .filter((block) => sceneOf(block).inCi)
      .flatMap(({ code }) => code.split('\n').flatMap((row) => row.split('&&')))
      .map((command) => command.replace(/#.*/, '').trim())
      .filter((command) => command !== '')
    expect(lines.length).toBeGreaterThan(0)
    for (const command of lines) {
      const isDone = script.includes(command) || /^npm install( osspipe)?$/.test(command)
      expect(isDone, command).toBe(true)
    }
  })
})
