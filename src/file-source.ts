/**
 * What is open as a file descriptor, as a Readable: standard input above all. A file is read by the
 * MiB, which costs two thirds of what 64 KiB cost. What may keep a reader waiting is never read in
 * Node's thread pool: nothing interrupts such a read, and `process.exit()` waits for it, too.
 */
import { createReadStream, fstatSync, type Stats } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream as TerminalStream } from 'node:tty'
import { integer } from './stream-options.js'

/** Bytes asked for at a time. */
const READ_SIZE = 1024 * 1024

/**
 * Reads what is open as `fd` (0 is standard input) from where it stands to its end: a file, a device, a
 * pipe, a socket or a terminal. The descriptor is the stream's from now on, which closes it in the end.
 * @throws {InvalidOptionError} synchronously, for what can be no descriptor
 * @throws {Error} Node's own, synchronously, for one that is not open (`EBADF`); a folder fails with `EISDIR` later
 */
export function createFileSource(fd: number): Readable {
  const stats = fstatSync(integer(fd, 'fd', 0, 2 ** 31 - 1, ''))
  if (!mayWait(stats, fd)) return createReadStream('', { fd, highWaterMark: READ_SIZE })
  // Node's own, since others may ask for it, too.
  if (fd === 0) return process.stdin
  if (isatty(fd)) return new TerminalStream(fd)
  return new Socket({ fd, readable: true, writable: false })
}

/** Whether a read may have to wait for somebody, and for how long nobody knows. */
function mayWait(stats: Stats, fd: number): boolean {
  return stats.isFIFO() || stats.isSocket() || (stats.isCharacterDevice() && isatty(fd))
}
