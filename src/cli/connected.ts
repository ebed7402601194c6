/** A client for one bucket, made of a command's options and environment. */
import { OssClient } from '../index.js'
import { type ConnectionOptions, connectionOf } from './connection.js'
import type { Context } from './context.js'
import type { Console } from './output.js'

/** @throws {InvalidOptionError} for options that cannot be. */
export function clientFor(
  bucket: string,
  context: Context,
  options: ConnectionOptions,
  console: Console,
): OssClient {
  return new OssClient({
    ...connectionOf(context, options),
    bucket,
    onRetry: ({ operation, attempt, delayMs, error }) =>
      console.detail(
        `${operation}: attempt ${attempt} failed, the next in ${Math.round(delayMs)} ms: ${error.message}`,
      ),
  })
}
