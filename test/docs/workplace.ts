/** A folder in which the docs' examples run: a reader's files, and stand-ins for a reader's commands. */
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const DUMP = `${'INSERT INTO logs VALUES (1);\n'.repeat(10_000)}-- PostgreSQL database dump complete\n`

const FILES: Readonly<Record<string, string>> = {
  'app.log': 'a line of the log\n'.repeat(1000),
  'app.sql': DUMP,
  'film.mp4': 'x'.repeat(102_400),
  // The job that the page on testing speaks of.
  'backup.ts': `import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, type OssWriteStreamOptions } from 'osspipe'
export async function backUp(options: OssWriteStreamOptions) {
  const dump = Readable.from(Buffer.alloc(500_000))
  await pipeline(dump, createOssWriteStream('oss://backups/db', { ...options, partSize: 102_400 }))
}
`,
}

/** They write what the real ones would; those are tested where a database is. */
const COMMANDS: Readonly<Record<string, string>> = {
  pg_dump: 'exec cat "$OSSPIPE_DOCS/app.sql"',
  psql: 'exec cat >/dev/null',
  osspipe: `exec "${process.execPath}" "${ROOT}dist/cli/main.js" "$@"`,
}

/** Fills an empty folder; returns what is to be added to the environment. */
export async function makeWorkplace(folder: string): Promise<Record<string, string>> {
  for (const [name, content] of Object.entries(FILES)) await writeFile(join(folder, name), content)
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const bin = join(folder, 'bin')
  await mkdir(bin)
  for (const [name, script] of Object.entries(COMMANDS)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  await linkPackages(join(folder, 'node_modules'))
  return { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, OSSPIPE_DOCS: folder }
}

/** As if `osspipe` and what the examples import had been installed. */
async function linkPackages(folder: string): Promise<void> {
  await mkdir(folder)
  await symlink(ROOT, join(folder, 'osspipe'))
  const installed = join(ROOT, 'node_modules')
  for (const name of await readdir(installed)) {
    if (!name.startsWith('.')) await symlink(join(installed, name), join(folder, name))
  }
}
