/** `osspipe serve`: the embedded server as a command, until a signal ends it. */
import { createOssServer, type OssServerOptions } from '../server/server.js'
import type { Arguments, Context, SignalSource } from './context.js'
import type { OptionsOf } from './description.js'
import type { SERVE } from './descriptions/serve.js'
import { writeTo } from './output.js'
import { UsageError } from './usage-error.js'

type Options = OptionsOf<typeof SERVE>

/** Runs until SIGINT or SIGTERM; resolves with the exit code. */
export async function run(context: Context, _args: Arguments, options: Options): Promise<number> {
  const server = await createOssServer(serverOptions(options))
  const ended = signalled(context.signals)
  const { endpoint, region, credentials } = server.options()
  const exports =
    `export OSS_ENDPOINT=${endpoint}\n` +
    `export OSS_REGION=${region}\n` +
    `export OSS_ACCESS_KEY_ID=${credentials.accessKeyId}\n` +
    `export OSS_ACCESS_KEY_SECRET=${credentials.accessKeySecret}\n`
  // Keys that the user gave are not repeated.
  const lines = options.accessKeyId === undefined ? exports : ''
  try {
    await writeTo(context.stdout, `${lines}listening on ${server.url}\n`)
    await ended
  } finally {
    await server.close()
  }
  return 0
}

function serverOptions(options: Options): OssServerOptions {
  const { port = 0, host, bucket = [], data, region, accessKeyId, accessKeySecret } = options
  if ((accessKeyId === undefined) !== (accessKeySecret === undefined)) {
    throw new UsageError('Expected --access-key-id and --access-key-secret together')
  }
  return {
    port,
    buckets: bucket,
    ...(host !== undefined && { host }),
    ...(data !== undefined && { dataDir: data }),
    ...(region !== undefined && { region }),
    ...(accessKeyId !== undefined &&
      accessKeySecret !== undefined && { credentials: [{ accessKeyId, accessKeySecret }] }),
  }
}

/** Resolves at the first signal that asks to stop. */
function signalled(signals: SignalSource): Promise<void> {
  return new Promise((resolve) => {
    const names = ['SIGINT', 'SIGTERM'] as const
    const stop = () => {
      // A second one ends the process as it always does.
      for (const name of names) signals.off(name, stop)
      resolve()
    }
    for (const name of names) signals.on(name, stop)
  })
}
