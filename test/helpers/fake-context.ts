/** A context of a command that is no process: outputs are kept, time and signals are moved by hand. */
import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import type { Context, Output } from '../../src/cli/context.js'

interface Task {
  readonly everyMs: number | undefined
  atMs: number
  readonly run: () => void
}

export class FakeContext implements Context {
  readonly stdin = Readable.from([])
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Record<string, string> = {}
  readonly signals = new EventEmitter()
  readonly exits: number[] = []
  readonly told = { stdout: '', stderr: '' }
  #nowMs = 0
  readonly #tasks = new Set<Task>()

  constructor(terminal: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
    this.stdout = this.#output('stdout')
    this.stderr = Object.assign(this.#output('stderr'), terminal)
  }

  readonly clock = {
    now: () => this.#nowMs,
    ticks: () => this.#nowMs,
    every: (ms: number, run: () => void) => this.#plan(ms, run, ms),
    after: (ms: number, run: () => void) => this.#plan(ms, run, undefined),
  }

  readonly exit = (code: number) => {
    this.exits.push(code)
  }

  /** Lets time pass, and what was planned happen. */
  pass(ms: number): void {
    const end = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#tasks].sort((a, b) => a.atMs - b.atMs)
      if (next === undefined || next.atMs > end) break
      this.#nowMs = next.atMs
      if (next.everyMs === undefined) this.#tasks.delete(next)
      else next.atMs += next.everyMs
      next.run()
    }
    this.#nowMs = end
  }

  #plan(ms: number, run: () => void, everyMs: number | undefined): () => void {
    const task = { everyMs, atMs: this.#nowMs + ms, run }
    this.#tasks.add(task)
    return () => this.#tasks.delete(task)
  }

  #output(name: 'stdout' | 'stderr'): Output {
    return new Writable({
      write: (chunk, _encoding, callback) => {
        this.told[name] += String(chunk)
        callback()
      },
    })
  }
}
