/**
 * Finds out whether standard input was closed (`<&-`) when the process began. Node then opens /dev/null in its
 * place, which would be read as an empty object; and as nothing else than shells do for `</dev/null`, but for the
 * mode: Node opens it for reading and writing. Only Linux tells the mode. Of standard output nothing can be found
 * out like this, since what starts a command and ignores its output (Node's `stdio: 'ignore'`, Python's `DEVNULL`)
 * opens /dev/null for reading and writing, too.
 */
import { fstatSync, readFileSync, type StatsBase, statSync } from 'node:fs'

/** As much of `node:fs` as is asked. */
export interface DescriptorFs {
  fstatSync(fd: number): Pick<StatsBase<number>, 'isCharacterDevice' | 'rdev'>
  statSync(path: string): Pick<StatsBase<number>, 'rdev'>
  readFileSync(path: string, encoding: 'utf8'): string
}

const ACCESS_MODE = 0o3
const READ_AND_WRITE = 0o2

/** Also of a /dev/null that a parent has opened like Node: nobody who means an empty object does that. */
export function wasClosed(
  fd: number,
  fs: DescriptorFs = { fstatSync, statSync, readFileSync },
): boolean {
  const stats = fs.fstatSync(fd)
  if (!stats.isCharacterDevice()) return false
  try {
    if (stats.rdev !== fs.statSync('/dev/null').rdev) return false
    return accessMode(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) === READ_AND_WRITE
  } catch {
    // No Linux, or no /proc.
    return false
  }
}

/** From a file of /proc/self/fdinfo: `pos:\t0\nflags:\t02100002\n…`, which is octal. */
function accessMode(text: string): number | undefined {
  const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1]
  return flags === undefined ? undefined : Number.parseInt(flags, 8) & ACCESS_MODE
}
