// The body of a request through a route handler of Next.js into OSS (the handler: nextjs-route.ts).
import { startDemoServer } from './demo-server.js'
import { PUT } from './nextjs-route.js'

const server = await startDemoServer()

function send(name: string, body: string, headers: Record<string, string>) {
  const request = new Request('http://localhost/', { method: 'PUT', body, headers })
  return PUT(request, { params: Promise.resolve({ name }) }) // what Next.js does
}
const whole = await send('whole.txt', 'x'.repeat(300_000), { 'content-type': 'text/plain' })
console.log(`whole.txt: ${whole.status} ${await whole.text()}`)
const half = await send('half.txt', 'x'.repeat(100_000), { 'content-length': '300000' })
console.log(`half.txt: ${half.status} ${(await half.text()).trim()}`)
for (const { key } of server.objects.list()) console.log(`stored: ${key}`)
await server.close()
