/**
 * How a stream ends, as two promises: one for the result, one for when nothing is left to do. Each is made
 * when it is asked for, before the end or after it: most streams are asked for neither.
 */

type End<Result> = { readonly result: Result } | { readonly reason: unknown }

export class Conclusion<Result> {
  #end: End<Result> | undefined
  #completed: Promise<Result> | undefined
  #settled: Promise<void> | undefined
  #succeed: (result: Result) => void = ignore
  #fail: (reason: unknown) => void = ignore
  #settle: () => void = ignore

  /** Resolves with the result, rejects with the failure. May be ignored. */
  get completed(): Promise<Result> {
    if (this.#completed === undefined) {
      this.#completed = this.#newCompleted()
      // Whoever ignores it has the stream's own events; it must not end the process.
      this.#completed.catch(ignore)
    }
    return this.#completed
  }

  /** Resolves once nothing is left to do; never rejects. */
  get settled(): Promise<void> {
    this.#settled ??= this.#newSettled()
    return this.#settled
  }

  succeed(result: Result): void {
    this.#end ??= { result }
    this.#succeed(result)
    this.#settle()
  }

  fail(reason: unknown): void {
    this.#end ??= { reason }
    this.#fail(reason)
    this.#settle()
  }

  #newCompleted(): Promise<Result> {
    const end = this.#end
    if (end !== undefined) {
      return 'result' in end ? Promise.resolve(end.result) : Promise.reject(end.reason)
    }
    return new Promise((resolve, reject) => {
      this.#succeed = resolve
      this.#fail = reject
    })
  }

  #newSettled(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#settle = resolve
    })
  }
}

function ignore(): void {}
