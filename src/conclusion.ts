/** How a stream ends, as two promises: one for the result, one for when nothing is left to do. */

export class Conclusion<Result> {
  /** Resolves with the result, rejects with the failure. May be ignored. */
  readonly completed: Promise<Result>
  /** Resolves once nothing is left to do; never rejects. */
  readonly settled: Promise<void>
  #succeed: (result: Result) => void = ignore
  #fail: (reason: unknown) => void = ignore
  #settle: () => void = ignore

  constructor() {
    this.completed = new Promise((resolve, reject) => {
      this.#succeed = resolve
      this.#fail = reject
    })
    // Whoever ignores it has the stream's own events; it must not end the process.
    this.completed.catch(ignore)
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  succeed(result: Result): void {
    this.#succeed(result)
    this.#settle()
  }

  fail(reason: unknown): void {
    this.#fail(reason)
    this.#settle()
  }
}

function ignore(): void {}
