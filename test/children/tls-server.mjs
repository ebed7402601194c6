/**
 * A TLS server in a thread of its own, so that it answers while the other one is busy: every request
 * with 200 once its body is there. Tells its port, and on being asked how many connections it has had.
 */
import { createServer } from 'node:https'
import { parentPort, workerData } from 'node:worker_threads'

let connections = 0
const server = createServer(workerData, (request, response) => {
  request.resume().on('end', () => response.end())
})
server.on('secureConnection', () => {
  connections++
})
server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address()))
parentPort?.on('message', () => parentPort?.postMessage(connections))
