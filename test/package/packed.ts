/** Packs the library and installs it in an empty folder, as a user gets it from the registry. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const USER = fileURLToPath(new URL('./user', import.meta.url))

export interface Packed {
  /** Where it is installed, together with `packages`. */
  readonly folder: string
  readonly tarball: string
  /** Runs a program in the folder; rejects, with its output, unless it exits with 0. */
  exec(command: string, ...args: readonly string[]): Promise<string>
}

/** Everything is made below `folder`, which the caller removes. */
export async function installPacked(folder: string, packages: readonly string[]): Promise<Packed> {
  const exec = execIn(folder)
  await mkdir(folder, { recursive: true })
  // Built by whoever runs this: packing must not build what others are running from.
  const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  })
  const tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '')
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  await cp(USER, folder, { recursive: true })
  await exec('npm', 'install', '--no-fund', '--no-audit', tarball, ...packages)
  return { folder, tarball, exec }
}

function execIn(cwd: string): Packed['exec'] {
  return async (command, ...args) => {
    try {
      const { stdout } = await run(command, [...args], { cwd, maxBuffer: 64 * 1024 ** 2 })
      return stdout
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, {
        cause: error,
      })
    }
  }
}

/** Bytes of all files below a folder. */
export async function sizeOf(folder: string): Promise<number> {
  let size = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name))).size
  }
  return size
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}
