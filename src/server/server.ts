/**
 * The embedded OSS server: puts its pieces together, and lets a test look inside. Its connections are
 * in `listener.ts`, everything it does with a request in `exchange.ts`, what it keeps in `store.ts`.
 */

import { setMaxListeners } from 'node:events'
import { InvalidOptionError } from '../errors.js'
import { checkBucketName, standardRegion } from '../protocol/endpoint.js'
import type { SigningCredentials } from '../protocol/signable-request.js'
import { checkServerOptions, checkTokenDuration } from './check-options.js'
import { serverClock } from './clock.js'
import { openDataFolder } from './data-folder.js'
import type { ServerState } from './exchange.js'
import { FaultScript } from './faults.js'
import { randomHex } from './ids.js'
import { InspectedObjects, InspectedUploads } from './inspect.js'
import { KeyRing, type TemporaryCredentials } from './key-ring.js'
import { LifecycleRunner } from './lifecycle.js'
import { Listener } from './listener.js'
import type { Store } from './store.js'
import { chooseFs, type ServerFs } from './store-fs.js'
import { RequestTrace } from './trace.js'

export type { OperationName } from '../protocol/operations.js'
export type { SigningCredentials } from '../protocol/signable-request.js'
export { DataDirError, type DataDirProblem } from './data-dir-error.js'
export type {
  BreakFault,
  CorruptFault,
  DelayFault,
  DripFault,
  DropFault,
  DropHeaderFault,
  ErrorFault,
  ExpireTokenFault,
  Fault,
  FaultAction,
  FaultMatch,
  FaultScript,
  HoldFault,
  RawFault,
  ResetFault,
  SetHeaderFault,
  SkewFault,
} from './faults.js'
export type { FolderLock } from './folder-lock.js'
export type {
  InspectedObject,
  InspectedObjects,
  InspectedUpload,
  InspectedUploads,
} from './inspect.js'
export type { TemporaryCredentials } from './key-ring.js'
export type { ServerFileHandle, ServerFs } from './store-fs.js'
export type { RequestTrace, TracedRequest } from './trace.js'

/** How {@link createOssServer} shall be set up. Everything has a default. */
export interface OssServerOptions {
  /** @default 0: any free port */
  readonly port?: number
  /** Address to bind. @default '127.0.0.1' */
  readonly host?: string
  /** With or without `oss-`. @default 'cn-hangzhou' */
  readonly region?: string
  /** Buckets to create, unless they are there. @default none */
  readonly buckets?: readonly string[]
  /**
   * Folder that keeps everything across restarts, for one server at a time: a new one, an empty one or its own.
   * @default none: everything is in memory
   */
  readonly dataDir?: string
  /** File system to keep things on. @default node:fs with `dataDir`, else a fresh one of `memfs` */
  readonly fs?: ServerFs
  /** Key pairs to accept. @default one made up; see {@link OssServer.options} */
  readonly credentials?: readonly SigningCredentials[]
  /** The server's clock, in milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
  /** Domains bound to a bucket: `{ 'files.example.com': 'bucket' }`. */
  readonly cnames?: Readonly<Record<string, string>>
  /** Further names of the server: `bucket.<name>` addresses a bucket. `localhost` always is one. */
  readonly hosts?: readonly string[]
  /**
   * How long a client may send nothing in the middle of a body, and how long it may take for the head
   * of a request, in milliseconds; then it gets 400 RequestTimeout. @default 60_000
   */
  readonly stallMs?: number
  /** Told of the server's own failures (500 InternalError). @default a process warning */
  readonly onError?: (error: unknown) => void
}

/** A running server. */
export interface OssServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** The one it listens on, also where `0` was asked for. */
  readonly port: number
  /** Without `oss-`. */
  readonly region: string
  /** What a client needs: spread it into the options of a stream or client. */
  options(): { endpoint: string; region: string; credentials: SigningCredentials }
  /**
   * Makes a temporary key pair with a security token, which expires `durationMs` from now: with 0 or
   * less it has expired. @default 1 hour
   * @throws {InvalidOptionError} for what is no number of milliseconds
   */
  issueToken(durationMs?: number): TemporaryCredentials
  /** Carries out the lifecycle rules as of now, as every request does about once a minute; returns how many uploads and objects went. */
  runLifecycle(): Promise<number>
  /** What shall go wrong. */
  readonly faults: FaultScript
  /** What was asked. */
  readonly requests: RequestTrace
  /** What is stored. */
  readonly objects: InspectedObjects
  /** What is unfinished. */
  readonly uploads: InspectedUploads
  /** Files that hold bodies, for tests that nothing is left. */
  readonly storedBodies: number
  /** Ends all connections; resolves when no handle is left and every change is on disk. */
  close(): Promise<void>
  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts an OSS server, by default in memory on a free port of the loopback interface.
 *
 * @throws {InvalidOptionError} for a bad region or bucket name
 * @throws {DataDirError} if another server uses `dataDir`, somebody else's files are in it, or nothing
 * can be kept there; rejects with the system's error if the port is taken
 */
export async function createOssServer(options: OssServerOptions = {}): Promise<OssServer> {
  checkServerOptions(options)
  const { host = '127.0.0.1', port = 0 } = options
  const region = standardRegion(options.region ?? 'cn-hangzhou')
  const buckets = (options.buckets ?? []).map((name) => checkBucketName(name, 'buckets'))
  const clock = serverClock(options.now)
  const credentials = options.credentials ?? [madeUpCredentials()]
  const [first] = credentials
  if (first === undefined) {
    throw new InvalidOptionError('credentials', 'Expected `credentials` to hold at least one pair')
  }
  const keys = new KeyRing(credentials)
  const fs = await chooseFs(options.fs, options.dataDir)
  const folder = await openDataFolder(fs, options.dataDir ?? '/oss')
  const { store } = folder
  const closing = new AbortController()
  // Each request under way may listen: no leak, however many there are.
  setMaxListeners(0, closing.signal)
  const lifecycle = new LifecycleRunner(store, clock)
  const state: ServerState = {
    store,
    keys,
    faults: new FaultScript(),
    trace: new RequestTrace(),
    clock,
    region,
    hosts: {
      cnames: new Map(lowerCased(options.cnames ?? {})),
      hosts: ['localhost', ...(options.hosts ?? []).map((name) => name.toLowerCase())],
    },
    stallMs: options.stallMs ?? 60_000,
    closing: closing.signal,
    beforeRequest: () => lifecycle.runIfDue(),
    onError: options.onError ?? warn,
  }
  let listener: Listener
  try {
    await createBuckets(store, buckets, clock.now())
    listener = await Listener.start(state, host, port)
  } catch (error) {
    await folder.release()
    throw error
  }
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= (async () => {
      closing.abort()
      state.faults.clear()
      await listener.stop()
      await folder.release()
    })()
    return closed
  }
  return {
    url: listener.url,
    port: listener.port,
    region,
    options: () => ({ endpoint: listener.url, region, credentials: { ...first } }),
    issueToken: (durationMs = 3_600_000) => {
      checkTokenDuration(durationMs)
      return keys.issue(clock.now() + durationMs)
    },
    runLifecycle: () => lifecycle.run(),
    faults: state.faults,
    requests: state.trace,
    objects: new InspectedObjects(store),
    uploads: new InspectedUploads(store),
    get storedBodies() {
      return store.blobs.size
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function createBuckets(store: Store, names: readonly string[], now: number): Promise<void> {
  for (const name of names) {
    if (store.bucket(name) !== undefined) continue
    const record = { name, createdAt: now, acl: 'private', storageClass: 'Standard' } as const
    await store.editBucket(name, () => record)
  }
}

function madeUpCredentials(): SigningCredentials {
  return { accessKeyId: `LTAI${randomHex(8)}`, accessKeySecret: randomHex(15) }
}

function lowerCased(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).map(([name, value]) => [name.toLowerCase(), value])
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
