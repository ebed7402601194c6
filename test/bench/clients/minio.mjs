import { Client } from 'minio'
import { sourceOf } from './sources.mjs'

export function connect({ endpoint, partSize }) {
  const { hostname, port, protocol } = new URL(endpoint)
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: 'id',
    secretKey: 'secret',
    region: 'cn-hangzhou',
    partSize,
  })
  return {
    upload: (run) => client.putObject('bucket', 'object', sourceOf(run)),
  }
}
