/**
 * What a code block of the docs takes for granted: names that an earlier sentence has introduced, and
 * what must be true afterwards. A block without a scene of its own runs as it is, in a folder
 * with the files and commands of `workplace.ts` and with the `OSS_*` variables of a real server.
 */

export interface Scene {
  /** TypeScript that comes before the block. */
  readonly before?: string
  /** TypeScript that comes after it, and throws unless the block has done what it says. */
  readonly after?: string
  /** Texts of the block that stand for something of the reader's: what they are here. */
  readonly instead?: Readonly<Record<string, string>>
  /** Exit code that the block ends with, 0 unless said. */
  readonly exitCode?: number
  /** The block is a file of this name, which `before` and `after` do not touch; run by vitest. */
  readonly testFile?: string
  /** Not run here, because that would be a test within a test: `.ci/run` does it. */
  readonly inCi?: true
  /** Not run here: a test of its own does what the block shows. */
  readonly heldBy?: string
  /** Not run here, for it would take minutes: each line is a script of package.json. */
  readonly areScripts?: true
}

const PIPELINE = `
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
`

export const SCENES: Readonly<Record<string, Scene>> = {
  default: {},
  ci: { inCi: true },
  scripts: { areScripts: true },
  passthrough: { heldBy: 'test/examples/why-not-passthrough.test.ts' },
  'first example': {
    instead: { '/var/log/app.log': 'app.log' },
    after: `if (!(Number(out.result?.size) > 0)) throw new Error('nothing was stored')`,
  },
  'failing pipeline': {
    before: `${PIPELINE}
import { createOssWriteStream } from 'osspipe'
const out = createOssWriteStream('oss://backups/half')
const source = createReadStream('no such file')`,
    exitCode: 1,
  },
  outcome: {
    before: `${PIPELINE}
import { createOssWriteStream } from 'osspipe'
const out = createOssWriteStream('oss://backups/half')
const source = createReadStream('no such file')`,
    exitCode: 1,
  },
  'spawned dump': {
    before: `${PIPELINE}
import { createOssWriteStream, spawnSource } from 'osspipe'
const out = createOssWriteStream('oss://backups/app.sql.gz')`,
    after: `if (!(Number(out.result?.size) > 0)) throw new Error('nothing was stored')`,
  },
  'guarded dump': {
    before: `${PIPELINE}
import { createOssWriteStream } from 'osspipe'`,
    after: `await pipeline(createReadStream('app.sql'), out)`,
  },
  'resumed upload': {
    before: `${PIPELINE}
import { stat } from 'node:fs/promises'
import { createOssWriteStream, fileCheckpoint } from 'osspipe'`,
    after: `if (out.result?.size !== size) throw new Error('not all was stored')`,
  },
  signals: {
    before: `${PIPELINE}
import os from 'node:os'
import { abortOnSignals, createOssWriteStream } from 'osspipe'
const source = createReadStream('app.sql')`,
    after: `if (!out.result) throw new Error('nothing was stored')`,
  },
  'reading back': {
    before: `${PIPELINE}
import { spawn } from 'node:child_process'
import { createGunzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
await pipeline(createReadStream('app.sql'), createGzip(), createOssWriteStream('oss://backups/app.sql.gz'))
const psql = spawn('psql', { stdio: ['pipe', 'ignore', 'inherit'] })`,
  },
  restoring: {
    before: `${PIPELINE}
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
await pipeline(createReadStream('app.sql'), createGzip(), createOssWriteStream('oss://backups/app.sql.gz'))
await pipeline(createReadStream('app.log'), createOssWriteStream('oss://backups/app.log'))`,
  },
  'step by step': {
    before: `import { OssClient } from 'osspipe'
const key = 'film.mp4'`,
    after: `if ((await client.headObject({ key })).size !== 102_400) throw new Error('not stored')`,
  },
  'token of a vault': {
    before: `import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
let asked = 0
const vault = createServer((_, answer) => {
  asked++
  const [accessKeyId, accessKeySecret] = [process.env.OSS_ACCESS_KEY_ID, process.env.OSS_ACCESS_KEY_SECRET]
  answer.end(JSON.stringify({ accessKeyId, accessKeySecret, expiration: Date.now() + 3600_000 }))
}).listen(0, '127.0.0.1')
await new Promise((listening) => vault.once('listening', listening))
const VAULT = 'http://127.0.0.1:' + (vault.address() as AddressInfo).port`,
    instead: { "'http://vault.internal/oss-token'": 'VAULT' },
    after: `vault.close()
vault.closeAllConnections()
if (asked !== 1 || !out.result) throw new Error('asked ' + asked + ' times')`,
  },
  'credentials chain': {
    before: `process.env.ALIBABA_CLOUD_ACCESS_KEY_ID = process.env.OSS_ACCESS_KEY_ID
process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET = process.env.OSS_ACCESS_KEY_SECRET
delete process.env.OSS_ACCESS_KEY_ID`,
    after: `if (!out.result) throw new Error('nothing was stored')`,
  },
  alarm: {
    before: `import { tracingChannel } from 'node:diagnostics_channel'
let told = ''
console.error = (text: string) => { told = text }`,
    after: `const left = { bucket: 'b', key: 'k', uploadId: 'ABC', error: new Error('no answer') }
tracingChannel<unknown, object>('osspipe:abort').error.publish(left)
if (told !== 'Parts of ABC may be left at oss://b/k') throw new Error('nothing was told')`,
  },
  'migrated stream': {
    before: `${PIPELINE}
import { createOssWriteStream, OssClient } from 'osspipe'
const { OSS_ACCESS_KEY_ID: accessKeyId = '', OSS_ACCESS_KEY_SECRET: accessKeySecret = '' } = process.env
const dump = createReadStream('app.sql')`,
  },
  'migrated upload': {
    before: `${PIPELINE}
import { uploadToOss } from 'osspipe'
const dump = createReadStream('app.sql')`,
  },
  'migrated pipeline': {
    before: `${PIPELINE}
import { createOssWriteStream } from 'osspipe'
const dump = createReadStream('app.sql')`,
  },
  'backup job': { testFile: 'backup.test.ts' },
}
