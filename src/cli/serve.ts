/** `osspipe serve`: the embedded server as a command, until a signal ends it. */
import { parseArgs } from 'node:util'
import { InvalidOptionError } from '../index.js'
import { createOssServer, type OssServer, type OssServerOptions } from '../server/server.js'
import { UsageError } from './usage-error.js'

/** Runs until SIGINT or SIGTERM; resolves with the exit code. */
export async function serve(args: readonly string[]): Promise<number> {
  const { options, ownKeys } = optionsOf(args)
  const server = await start(options)
  const ended = signalled()
  if (!ownKeys) {
    const { endpoint, region, credentials } = server.options()
    process.stdout.write(
      `export OSS_ENDPOINT=${endpoint}\n` +
        `export OSS_REGION=${region}\n` +
        `export OSS_ACCESS_KEY_ID=${credentials.accessKeyId}\n` +
        `export OSS_ACCESS_KEY_SECRET=${credentials.accessKeySecret}\n`,
    )
  }
  process.stdout.write(`listening on ${server.url}\n`)
  await ended
  await server.close()
  return 0
}

function optionsOf(args: readonly string[]): { options: OssServerOptions; ownKeys: boolean } {
  const { values } = parse(args)
  const id = values['access-key-id']
  const secret = values['access-key-secret']
  if ((id === undefined) !== (secret === undefined)) {
    throw new UsageError('Expected --access-key-id and --access-key-secret together')
  }
  const options: OssServerOptions = {
    port: portOf(values.port),
    buckets: values.bucket,
    ...(values.host !== undefined && { host: values.host }),
    ...(values.data !== undefined && { dataDir: values.data }),
    ...(values.region !== undefined && { region: values.region }),
    ...(id !== undefined &&
      secret !== undefined && { credentials: [{ accessKeyId: id, accessKeySecret: secret }] }),
  }
  return { options, ownKeys: id !== undefined }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        bucket: { type: 'string', multiple: true, default: [] },
        data: { type: 'string' },
        region: { type: 'string' },
        'access-key-id': { type: 'string' },
        'access-key-secret': { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 0)
  if (text !== undefined && !/^\d+$/.test(text)) throw badPort(text)
  if (port > 65_535) throw badPort(String(text))
  return port
}

function badPort(text: string): UsageError {
  return new UsageError(`Expected --port to be an integer from 0 to 65535, got ${text}`)
}

async function start(options: OssServerOptions): Promise<OssServer> {
  try {
    return await createOssServer(options)
  } catch (error) {
    if (error instanceof InvalidOptionError) throw new UsageError(error.message)
    throw error
  }
}

/** Resolves at the first signal that asks to stop. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
