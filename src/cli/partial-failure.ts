/** A command failed after it had done something that stays (see `cause`). Pure. */
export class PartialFailure extends Error {
  override readonly name = 'PartialFailure'
  /** Fields of the result, as far as it came; with `--json` they stand beside the error. */
  readonly done: object

  constructor(message: string, options: { done: object; cause: unknown }) {
    super(message, { cause: options.cause })
    this.done = options.done
  }
}
