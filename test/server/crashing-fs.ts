/** A file system whose power fails: after so many changes nothing works any more. */

import type { ServerFileHandle, ServerFs } from '../../src/server/store-fs.js'

/** Wraps a file system; `budget` is how many changes still take place. */
export class CrashingFs implements ServerFs {
  readonly promises: ServerFs['promises']
  /** Changes asked for so far. */
  changes = 0

  constructor(inner: ServerFs, budget: number) {
    const change = async <T>(work: () => Promise<T>): Promise<T> => {
      this.changes += 1
      if (this.changes > budget) throw new Error('power failure')
      return work()
    }
    const { promises: fs } = inner
    this.promises = {
      mkdir: (path, options) => change(() => fs.mkdir(path, options)),
      rename: (from, to) => change(() => fs.rename(from, to)),
      unlink: (path) => change(() => fs.unlink(path)),
      rm: (path, options) => change(() => fs.rm(path, options)),
      readdir: (path) => fs.readdir(path),
      readFile: (path) => fs.readFile(path),
      open: async (path, flags) => {
        if (flags === 'r') return fs.open(path, flags)
        const handle = await change(() => fs.open(path, flags))
        return new CrashingHandle(handle, change)
      },
    }
  }
}

class CrashingHandle implements ServerFileHandle {
  readonly #inner: ServerFileHandle
  readonly #change: <T>(work: () => Promise<T>) => Promise<T>

  constructor(inner: ServerFileHandle, change: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#inner = inner
    this.#change = change
  }

  /** The write that meets the failure gets half of its bytes out. */
  async writev(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }> {
    try {
      return await this.#change(() => this.#inner.writev(buffers, position))
    } catch (error) {
      const all = Buffer.concat(buffers)
      await this.#inner.writev([all.subarray(0, all.length >> 1)], position)
      throw error
    }
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number) {
    return this.#inner.read(buffer, offset, length, position)
  }

  async sync(): Promise<void> {
    await this.#inner.sync?.()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
