// A pipeline of the web: a download through a gzip into OSS, with pipeThrough() and pipeTo().
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createOssWritableStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const website = createServer((request, response) => {
  response.writeHead(200, { 'content-length': 400_000 })
  if (request.url === '/whole') response.end('1,2,3\n'.repeat(70_000).slice(0, 400_000))
  else response.write('1,2,3\n', () => response.destroy()) // breaks off
}).listen(0, '127.0.0.1')
await once(website, 'listening')
const address = website.address()
const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

for (const name of ['whole', 'half']) {
  const { body, ok, status } = await fetch(`${origin}/${name}`)
  if (!ok || body === null) throw new Error(`The website answered ${status}`)
  const out = createOssWritableStream(`oss://demo/${name}.csv.gz`)
  const piping = body.pipeThrough(new CompressionStream('gzip')).pipeTo(out)
  await piping.catch((error) => console.log(`${name}: ${error.message}`)) // all is cleaned up now
  console.log(`${name}: ${out.upload.outcome}, ${out.result?.size} bytes`)
}
website.close()
await server.close()
