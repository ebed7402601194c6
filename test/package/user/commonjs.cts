/** What a user with CommonJS writes: `require()` of an ES module works from Node 20.19 on. */
import osspipe = require('osspipe')
import ossServer = require('osspipe/server')

async function main(): Promise<void> {
  const server = await ossServer.createOssServer({ buckets: ['demo'] })
  const out = osspipe.createOssWriteStream('oss://demo/key', server.options())
  out.end('written by CommonJS')
  const { size } = await out.completed
  console.log(JSON.stringify({ node: process.version, size }))
  await server.close()
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
