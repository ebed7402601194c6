/**
 * A real process, killed with SIGKILL at 50 moments while it uploads, and started again each time:
 * in the end the object is what the file is, nothing was sent twice, and nothing is left.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OperationName } from '../../src/protocol/operations.js'
import type { OssServer } from '../../src/server/server.js'
import type { ResumeNotice } from '../../src/upload/resumption.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { startServer } from '../helpers/start-server.js'

const CHILD = fileURLToPath(new URL('../children/resume.mjs', import.meta.url))
const KILLS = 50
/** Uploads at a time: most of the time goes into starting processes. */
const LANES = 2
const MOST_KILLS_OF_ONE = 7
const PARTS = 24
const SEED = 0x5eed
const MUST: readonly OperationName[] = [
  'InitiateMultipartUpload',
  'UploadPart',
  'ListParts',
  'CompleteMultipartUpload',
]

/** When a process is killed: as a request comes or before it is answered, or before a file changes. */
type Moment =
  | {
      readonly operation: OperationName
      readonly hold: 'arrival' | 'before-answer'
      readonly skip: number
    }
  | { readonly change: number }

type Line = { readonly resumed?: ResumeNotice; readonly stopped?: number; readonly size?: number }

beforeAll(() => {
  if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
    throw new Error('The child needs dist/: run `npm run build` first, as `npm test` does')
  }
})

it('goes on after kill -9, whenever that comes', { timeout: 400_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-kill-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const server = await startServer()
  let kills = 0
  let uploads = 0
  const reached = new Set<string>()
  const lanes = Array.from({ length: LANES }, async () => {
    while (kills < KILLS) {
      const upload = new KilledUpload(server, folder, uploads++)
      await upload.prepare()
      let isDone = false
      for (let own = 0; !isDone; ) {
        const moment =
          own < MOST_KILLS_OF_ONE && kills < KILLS ? upload.chooseMoment(own) : undefined
        isDone = await upload.run(moment)
        if (isDone || moment === undefined) continue
        own++
        kills++
        reached.add('change' in moment ? 'change' : `${moment.operation} ${moment.hold}`)
      }
      await upload.verify()
    }
  })
  await Promise.all(lanes)

  expect(kills).toBeGreaterThanOrEqual(KILLS)
  expect([...reached].sort()).toEqual([
    'CompleteMultipartUpload arrival',
    'CompleteMultipartUpload before-answer',
    'InitiateMultipartUpload arrival',
    'InitiateMultipartUpload before-answer',
    'ListParts arrival',
    'UploadPart arrival',
    'UploadPart before-answer',
    'change',
  ])
  // The checkpoints and what is written beside them are gone; the inputs are the test's.
  expect((await readdir(folder)).filter((name) => !name.endsWith('.input'))).toEqual([])
  // What a process leaves that was killed before it could note the upload id: uploads without a part.
  const client = new OssClient({ ...server.options(), env: {} })
  await client.cleanUploads({ bucket: 'bucket', olderThan: 0 })
  expect(server.uploads.list()).toEqual([])
  expect(server.storedBodies).toBe(uploads * (PARTS + 1))
})

/** One object, the processes that uploaded it, and what they were seen to do. */
class KilledUpload {
  readonly #server: OssServer
  readonly #index: number
  readonly #key: string
  readonly #path: string
  readonly #checkpoint: string
  readonly #random: (below: number) => number
  readonly #way: 'seek' | 'read'
  readonly #input: Buffer
  /** Uploads that were published before their checkpoint could be removed, as a later run told. */
  readonly #published = new Set<string>()
  /** Kills that may have come between Initiate and the saved checkpoint. */
  #unnoted = 0

  constructor(server: OssServer, folder: string, index: number) {
    const key = `object-${index}`
    const random = generator(SEED + index)
    this.#index = index
    this.#server = server
    this.#key = key
    this.#path = join(folder, `${key}.input`)
    this.#checkpoint = join(folder, `${key}.checkpoint`)
    this.#random = random
    this.#way = random(2) === 0 ? 'seek' : 'read'
    this.#input = bytes(PARTS * PART + random(PART), 1 + random(1000))
  }

  async prepare(): Promise<void> {
    await writeFile(this.#path, this.#input)
  }

  /** The first two uploads meet every kind of moment; all else is left to chance. */
  chooseMoment(kill: number): Moment {
    const must = this.#index < 2 ? MUST[kill] : undefined
    if (must !== undefined) {
      const hold = this.#index === 0 || must === 'ListParts' ? 'arrival' : 'before-answer'
      return { operation: must, hold, skip: must === 'UploadPart' ? this.#random(PARTS) : 0 }
    }
    const hold = this.#random(2) === 0 ? 'arrival' : 'before-answer'
    const kind = this.#random(8)
    if (!existsSync(this.#checkpoint)) {
      // Of saving: open, write, sync, rename; open and sync the folder.
      if (kind < 2) return { change: 1 + this.#random(6) }
      if (kind < 4) return { operation: 'InitiateMultipartUpload', hold, skip: 0 }
      return { operation: 'UploadPart', hold, skip: this.#random(PARTS) }
    }
    const missing = PARTS + 1 - this.#storedParts().size
    // Of removing: the file beside it, the file; open and sync the folder.
    if (kind === 0) return { change: 1 + this.#random(2) }
    if (kind === 1) return { operation: 'CompleteMultipartUpload', hold, skip: 0 }
    if (kind === 2 || missing <= 0) return { operation: 'ListParts', hold: 'arrival', skip: 0 }
    return { operation: 'UploadPart', hold, skip: this.#random(missing) }
  }

  /** Runs a process until the moment, or to its end; whether it came to that. */
  async run(moment: Moment | undefined): Promise<boolean> {
    const stored = this.#storedParts()
    const from = this.#server.requests.all.length
    const fault =
      moment !== undefined && 'operation' in moment
        ? this.#server.faults.add(
            { operation: moment.operation, key: this.#key, skip: moment.skip },
            { hold: moment.hold },
          )
        : undefined
    const { child, lines, stopped, ended } = this.#start(moment)
    const moments = [stopped, ...(fault === undefined ? [] : [fault.reached()])]
    const isDone = await Promise.race([
      ended.then(() => true),
      ...moments.map((each) => each.then(() => false)),
    ])
    child.kill('SIGKILL')
    await ended
    fault?.release()
    while (this.#requestsSince(from).some(({ at }) => at === 'arrived')) await nextTurn()

    if (isDone) {
      expect(child.exitCode).toBe(0)
      expect(lines.at(-1)).toEqual({ size: this.#input.byteLength })
    } else {
      expect(child.signalCode).toBe('SIGKILL')
      this.#unnoted++
    }
    for (const { resumed } of lines) {
      if (resumed?.reason === 'published') this.#published.add(resumed.uploadId)
      else if (resumed !== undefined) expect(resumed).not.toHaveProperty('reason')
    }
    const again = this.#requestsSince(from)
      .filter(({ operation }) => operation === 'UploadPart')
      .map(({ uploadId, partNumber }) => `${uploadId} ${partNumber}`)
      .filter((part) => stored.has(part))
    expect(again).toEqual([])
    await this.#expectFindable()
    return isDone
  }

  async verify(): Promise<void> {
    const object = this.#server.objects.get('bucket', this.#key)
    expect((await object?.content())?.equals(this.#input)).toBe(true)
    const completes = this.#server.requests
      .of('CompleteMultipartUpload')
      .filter(({ key }) => key === this.#key)
    const succeeded = completes.filter(({ status }) => status === 200)
    expect(new Set(succeeded.map(({ uploadId }) => uploadId)).size).toBe(succeeded.length)
    for (const { uploadId = '' } of completes) {
      expect([object?.uploadId, ...this.#published]).toContain(uploadId)
    }
    for (const { parts } of this.#uploads()) expect(parts).toEqual([])
    expect(this.#uploads().length).toBeLessThanOrEqual(this.#unnoted)
  }

  /** Whatever has a part is the upload of the checkpoint: nothing is billed that nobody would find. */
  async #expectFindable(): Promise<void> {
    const text = await readFile(this.#checkpoint, 'utf8').catch(() => undefined)
    const noted = text === undefined ? undefined : JSON.parse(text).uploadId
    const withParts = this.#uploads().filter(({ parts }) => parts.length > 0)
    for (const { uploadId } of withParts) expect(uploadId).toBe(noted)
  }

  #uploads() {
    return this.#server.uploads.list().filter(({ key }) => key === this.#key)
  }

  #storedParts(): Set<string> {
    const parts = this.#uploads().flatMap(({ uploadId, parts }) =>
      parts.map(({ partNumber }) => `${uploadId} ${partNumber}`),
    )
    return new Set(parts)
  }

  #requestsSince(from: number) {
    return this.#server.requests.all.slice(from).filter(({ key }) => key === this.#key)
  }

  #start(moment: Moment | undefined) {
    const { endpoint, credentials } = this.#server.options()
    const stopAt = moment !== undefined && 'change' in moment ? [String(moment.change)] : []
    const args = [this.#path, this.#checkpoint, `oss://bucket/${this.#key}`, this.#way, ...stopAt]
    const child: ChildProcess = spawn(process.execPath, [CHILD, ...args], {
      env: {
        ...process.env,
        OSS_ENDPOINT: endpoint,
        OSS_REGION: this.#server.region,
        OSS_ACCESS_KEY_ID: credentials.accessKeyId,
        OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: Line[] = []
    let text = ''
    const stopped = new Promise<void>((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (more: string) => {
        text += more
        for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
          const line: Line = JSON.parse(text.slice(0, end))
          text = text.slice(end + 1)
          lines.push(line)
          if (line.stopped !== undefined) resolve()
        }
      })
    })
    return { child, lines, stopped, ended: once(child, 'close') }
  }
}

/** Marsaglia's xorshift: the same moments each time; which process meets them may differ. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
