/** A directory tree that is hard on whoever packs it. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A directory of everything that is hard on a name or a header; returns how many entries it has. */
export async function makeNastyTree(root: string): Promise<number> {
  const long = Array.from({ length: 3 }, (_, i) => `${i}`.repeat(90)).join('/')
  await mkdir(join(root, 'ä b', '中文'), { recursive: true })
  await mkdir(join(root, long), { recursive: true })
  await mkdir(join(root, 'empty directory'))
  await writeFile(join(root, 'ä b', '中文', 'empty'), '')
  await writeFile(join(root, long, 'n'.repeat(150)), incompressible(2 * 1024 ** 2 + 7))
  await writeFile(join(root, 'line\nbreak'), 'x')
  await writeFile(join(root, 'block'), Buffer.alloc(512))
  await writeFile(join(root, 'run.sh'), '#!/bin/sh\n')
  await chmod(join(root, 'run.sh'), 0o751)
  await symlink('no/such', join(root, 'link'))
  await symlink('ü'.repeat(120), join(root, 'long link'))
  return 14
}

/** Bytes that gzip makes no shorter; always the same. */
function incompressible(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 1
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
