/** What `check` tries, one permission after the other, as data; and what an answer to it means. */
import { type OssClient, OssError } from '../index.js'

export interface Finding {
  readonly status: 'ok' | 'warn' | 'fail'
  readonly name: string
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
  /** For want of credentials or permissions. */
  readonly isDenied?: boolean
}

/** What the probes share: a throw-away key, and what stands under it. */
export interface Trial {
  readonly client: OssClient
  readonly key: string
  readonly prefix: string
  readonly signal: AbortSignal
  uploadId: string | undefined
  hasObject: boolean
  /** Whether it was sent and no good answer came: it may be there all the same. */
  mayHaveObject: boolean
  /** The service's time less ours, in milliseconds, once it is known. */
  skewMs: number | undefined
  now(): number
}

export interface Probe {
  /** As a RAM policy names it. */
  readonly permission: string
  readonly isNeeded: boolean
  /** What it is good for. */
  readonly use: string
  /** Whether there is something to try it on. @default always */
  applies?(trial: Trial): boolean
  run(trial: Trial): Promise<void>
}

export const PROBES: readonly Probe[] = [
  {
    permission: 'oss:PutObject',
    isNeeded: true,
    use: 'to upload anything',
    async run(trial) {
      const { client, key, signal } = trial
      trial.mayHaveObject = true
      const body = 'written by osspipe check; may be deleted\n'
      await client.putObject({ key, body, signal })
      trial.mayHaveObject = false
      trial.hasObject = true
      trial.uploadId = (await client.initiateMultipartUpload({ key, signal })).uploadId
    },
  },
  {
    permission: 'oss:AbortMultipartUpload',
    isNeeded: true,
    use: 'to leave no parts behind when an upload fails',
    applies: ({ uploadId }) => uploadId !== undefined,
    async run(trial) {
      const { client, key, uploadId = '', signal } = trial
      await client.abortMultipartUpload({ key, uploadId, signal })
      trial.uploadId = undefined
    },
  },
  {
    permission: 'oss:ListParts',
    isNeeded: false,
    use: 'to resume an upload, and to see that nothing is left of one',
    async run({ client, key, signal }) {
      try {
        await client.listParts({ key, uploadId: NO_UPLOAD, signal })
      } catch (error) {
        // Whoever may not ask is told so before the upload is looked for.
        if (!isCode(error, 'NoSuchUpload')) throw error
      }
    },
  },
  {
    permission: 'oss:GetObject',
    isNeeded: false,
    use: 'to find out what a lost answer was, and for osspipe get',
    applies: ({ hasObject }) => hasObject,
    async run(trial) {
      const { headers } = await trial.client.headObject({ key: trial.key, signal: trial.signal })
      const date = Date.parse(headers.date ?? '')
      if (Number.isFinite(date)) trial.skewMs = date - trial.now()
    },
  },
  {
    permission: 'oss:ListObjects',
    isNeeded: false,
    use: 'for osspipe ls, and rm --recursive',
    run: async ({ client, prefix, signal }) => {
      await client.listObjects({ prefix, maxKeys: 1, signal })
    },
  },
  {
    permission: 'oss:ListMultipartUploads',
    isNeeded: false,
    use: 'for osspipe uploads, and clean --older-than',
    run: async ({ client, prefix, signal }) => {
      await client.listMultipartUploads({ prefix, maxUploads: 1, signal })
    },
  },
  {
    permission: 'oss:DeleteObject',
    isNeeded: false,
    use: 'for osspipe rm, and --on-mismatch delete',
    applies: ({ hasObject }) => hasObject,
    async run(trial) {
      await trial.client.deleteObject({ key: trial.key, signal: trial.signal })
      trial.hasObject = false
    },
  },
]

/** An id that no upload has. */
const NO_UPLOAD = '0'.repeat(32)

/** Tries one, and says what came of it. Rejects only if `signal` was aborted. */
export async function tryProbe(probe: Probe, trial: Trial): Promise<Finding> {
  const { permission: name, isNeeded, use, applies } = probe
  if (applies?.(trial) === false) {
    return {
      status: isNeeded ? 'fail' : 'warn',
      name,
      text: 'could not be tried',
      advice: 'see above',
    }
  }
  try {
    await probe.run(trial)
    return { status: 'ok', name, text: `granted (${use})` }
  } catch (error) {
    trial.signal.throwIfAborted()
    const isDenied = statusOf(error) === 403
    return {
      status: isNeeded || !isDenied ? 'fail' : 'warn',
      name,
      text: isDenied ? 'denied' : textOf(error),
      advice: isDenied ? `grant ${name} ${use}` : 'try again, or ask with the request id',
      ...(isNeeded && isDenied && { isDenied }),
    }
  }
}

export function isCode(error: unknown, ossCode: string): boolean {
  return error instanceof OssError && 'ossCode' in error && error.ossCode === ossCode
}

export function statusOf(error: unknown): unknown {
  return error instanceof OssError && 'status' in error ? error.status : undefined
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
