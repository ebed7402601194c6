/** What a command fails with for reasons of its own. */

/** The command was called wrongly: told with a hint to the help text, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A failure whose exit code the command knows; see the table in exit-codes.ts. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
