/** The common options of a command as the options of a client. Pure. */
import type { OssClientOptions } from '../index.js'
import type { Context } from './context.js'
import type { GroupOptions } from './description.js'
import type { CONNECTION } from './descriptions/common.js'

/** Values of the common options. */
export type ConnectionOptions = GroupOptions<typeof CONNECTION>

/**
 * What a client or stream is made with. Region, endpoint, bucket and credentials of the environment
 * are read by the library.
 */
export function connectionOf(context: Context, options: ConnectionOptions): OssClientOptions {
  const { region, endpoint, internal, dualStack, accelerate, cname, pathStyle } = options
  const { maxAttempts, maxElapsed, connectTimeout, stallTimeout, responseTimeout } = options
  return {
    env: context.env,
    region,
    endpoint,
    internal,
    dualStack,
    accelerate,
    cname,
    pathStyle,
    secure: options.noSecure ? false : undefined,
    signatureVersion: options.signatureVersion,
    retry: {
      ...(maxAttempts !== undefined && { maxAttempts }),
      ...(maxElapsed !== undefined && { maxElapsedMs: maxElapsed }),
    },
    timeouts: {
      ...(connectTimeout !== undefined && { connectMs: connectTimeout }),
      ...(stallTimeout !== undefined && { stallMs: stallTimeout }),
      ...(responseTimeout !== undefined && { responseMs: responseTimeout }),
    },
  }
}
