// Pipes a download into OSS; one that breaks off, or is shorter than announced, is not published.
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const website = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/csv', 'content-length': 400_000 })
  response.end('a,b,c\n1,2,3\n'.repeat(40_000).slice(0, 400_000))
}).listen(0, '127.0.0.1')
await once(website, 'listening')
const address = website.address()
const port = typeof address === 'object' ? address?.port : undefined

const [response]: IncomingMessage[] = await once(get({ port, host: '127.0.0.1' }), 'response')
if (response?.statusCode !== 200) throw new Error(`The website answered ${response?.statusCode}`)
const out = createOssWriteStream('oss://demo/table.csv', {
  contentType: response.headers['content-type'],
  expectedSize: Number(response.headers['content-length']),
  exactSize: true,
})
await pipeline(response, out)
console.log(`Stored ${out.result?.size} bytes of ${response.headers['content-type']}`)

website.close()
await server.close()
