// Restores a gzipped dump into PostgreSQL, whole or not at all; connects as PGHOST and the like say.
import { execFileSync as run, spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream, spawnSource } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const psqlArgs = ['-XqAtv', 'ON_ERROR_STOP=1', 'osspipe_restored']
async function restore(source: NodeJS.ReadableStream) {
  const psql = spawn('psql', psqlArgs, { stdio: ['pipe', 'ignore', 'inherit'] })
  const exit = once(psql, 'exit')
  await pipeline(source, createGunzip(), inTransaction, psql.stdin).finally(() => exit)
  if ((await exit)[0] !== 0) throw new Error('psql failed')
}
async function* inTransaction(sql: AsyncIterable<Buffer>) {
  yield 'BEGIN;\n'
  yield* sql
  yield 'COMMIT;\n' // the source has ended: every byte of it has been compared
}
await pipeline(spawnSource('pg_dump'), createGzip(), createOssWriteStream('oss://demo/app.gz'))
run('createdb', ['osspipe_restored'])
server.faults.add({ operation: 'GetObject' }, { corrupt: 'crc64' }) // the first time only
for (const _attempt of [1, 2]) {
  const told = await restore(createOssReadStream('oss://demo/app.gz')).catch(({ code }) => code)
  console.log(told ?? 'restored:', String(run('psql', [...psqlArgs, '-c', '\\dt'])))
}
run('dropdb', ['osspipe_restored'])
await server.close()
