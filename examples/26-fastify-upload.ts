// A form's file through Fastify and @fastify/multipart into OSS, with a limit (the app: fastify-app.ts).
import { startDemoServer } from './demo-server.js'
import { createFastifyApp } from './fastify-app.js'

const server = await startDemoServer()
const app = await createFastifyApp(1_000_000)
const origin = await app.listen({ port: 0, host: '127.0.0.1' })

for (const size of [900_000, 1_000_001]) {
  const body = new FormData()
  body.set('file', new File(['x'.repeat(size)], 'x.txt', { type: 'text/plain' }))
  const response = await fetch(`${origin}/upload`, { method: 'POST', body })
  console.log(`${size} bytes: ${response.status} ${(await response.text()).trim()}`)
}
for (const { key, size } of server.objects.list()) console.log(`${key}: ${size} bytes`)

await app.close()
await server.close()
