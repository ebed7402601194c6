// A table of PostgreSQL to OSS with COPY, and back into another one; connects as PGHOST and the like say.
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const client = new pg.Client()
await client.connect()
await client.query(`CREATE TEMP TABLE orders AS
  SELECT id, 'Ünal ' || id AS name, id / 100.0 AS price FROM generate_series(1, 50000) AS id`)

const out = createOssWriteStream('oss://demo/orders.copy.gz')
await pipeline(client.query(to('COPY orders TO STDOUT')), createGzip(), out)
console.log(`Stored ${out.result?.size} bytes`)

await client.query('CREATE TEMP TABLE restored (LIKE orders)')
const back = createOssReadStream('oss://demo/orders.copy.gz')
await pipeline(back, createGunzip(), client.query(from('COPY restored FROM STDIN')))
const { rows } = await client.query(`SELECT count(*), (SELECT count(*) FROM
  (SELECT * FROM orders EXCEPT SELECT * FROM restored) AS lost) AS lost FROM restored`)
console.log(`Restored ${rows[0].count} rows, lost ${rows[0].lost}`)

await client.end()
await server.close()
