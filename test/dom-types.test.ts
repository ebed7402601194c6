/** Where the types of the DOM are loaded, as in Next.js, web streams are of other types than Node's. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const PROGRAM = `
import { createOssWritableStream, uploadToOss } from 'osspipe'
const response = await fetch('http://host/')
await response.body?.pipeTo(createOssWritableStream('oss://bucket/key'))
if (response.body !== null) await uploadToOss(response.body, 'oss://bucket/key')
await uploadToOss(response, 'oss://bucket/key')
await uploadToOss(new File([], 'name'), 'oss://bucket/key')
// @ts-expect-error a number is no source
await uploadToOss(5, 'oss://bucket/key')
`

it.each([
  ['Node alone', ['es2023', 'esnext.disposable']],
  ['the DOM', ['es2023', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable']],
])('web streams fit, with the types of %s', { timeout: 120_000 }, async (_name, lib) => {
  // Within the package, so that it finds the types of Node.
  const folder = await mkdtemp(join(ROOT, 'node_modules/.osspipe-types-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'program.mts'), PROGRAM)
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    paths: { osspipe: ['../../dist/index.d.ts'] },
    lib,
  }
  const config = { compilerOptions, files: ['program.mts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const told = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
  expect(told).toBe('')
})
