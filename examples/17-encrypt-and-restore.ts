// Encrypts a backup with a key file before it leaves the machine, and restores it.
import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'
import { createDecryption, createEncryption, readKeyFile } from './encryption.js'

const server = await startDemoServer()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-example-'))
const path = (name: string) => join(folder, name)
await writeFile(path('dump.sql'), 'INSERT INTO t VALUES (1);\n'.repeat(100_000))
await writeFile(path('backup.key'), randomBytes(32).toString('hex'), { mode: 0o600 })

const key = await readKeyFile(path('backup.key')) // keep it where the backups are not
const out = createOssWriteStream('oss://demo/dump.sql.gz.enc')
await pipeline(createReadStream(path('dump.sql')), createGzip(), createEncryption(key), out)

const back = createOssReadStream('oss://demo/dump.sql.gz.enc')
const restored = createWriteStream(path('restored.sql'))
await pipeline(back, createDecryption(key), createGunzip(), restored)
const isSame = (await readFile(path('dump.sql'))).equals(await readFile(path('restored.sql')))
console.log(
  `${out.result?.size} bytes encrypted; restored ${isSame ? 'as they were' : 'otherwise'}`,
)
await Promise.all([server.close(), rm(folder, { recursive: true })])
