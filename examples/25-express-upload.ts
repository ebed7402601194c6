// A form's file through Express and busboy into OSS, with a limit (the app: express-app.ts).
import { once } from 'node:events'
import { startDemoServer } from './demo-server.js'
import { createExpressApp } from './express-app.js'

const server = await startDemoServer()
const app = createExpressApp(1_000_000).listen(0, '127.0.0.1')
await once(app, 'listening')
const address = app.address()
const port = typeof address === 'object' ? address?.port : undefined

for (const size of [900_000, 1_000_001]) {
  const body = new FormData()
  body.set('file', new File(['x'.repeat(size)], 'x.txt', { type: 'text/plain' }))
  const response = await fetch(`http://127.0.0.1:${port}/upload`, { method: 'POST', body })
  console.log(`${size} bytes: ${response.status} ${(await response.text()).trim()}`)
}
for (const { key, size } of server.objects.list()) console.log(`${key}: ${size} bytes`)

app.close()
app.closeAllConnections()
await server.close()
