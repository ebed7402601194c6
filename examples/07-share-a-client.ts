// One client for many streams: they share its connections, credentials and retry policy.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, OssClient } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

const { endpoint, region, credentials } = server.options()
const retry = { maxAttempts: 8, maxDelayMs: 10_000 }
const client = new OssClient({ endpoint, region, credentials, bucket: 'demo', retry })

async function store(day: string) {
  const out = createOssWriteStream({ client, key: `logs/${day}.txt` })
  await pipeline(Readable.from([`a log of ${day}\n`]), out)
}
await Promise.all(['2026-11-20', '2026-11-21', '2026-11-22'].map(store))

const { body } = await client.getObject({ key: 'logs/2026-11-22.txt' })
for await (const chunk of body) process.stdout.write(chunk)

await client.close()
await server.close()
