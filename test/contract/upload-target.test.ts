/** Both implementations of the seam obey the same sentences: the fake, and the client at a server. */
import { OssClient } from '../../src/client/client.js'
import { ClientTarget } from '../../src/client-target.js'
import { MARKER_NAME } from '../../src/resolve-headers.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { FAST } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'
import { holdsToContract } from './upload-target.js'

holdsToContract('the fake', async (marker) => {
  const target = new FakeTarget()
  target.marker = marker
  return {
    target,
    marker,
    hold(verb) {
      const gate = target.hold(verb)
      return { reached: gate.reached(), release: () => gate.open() }
    },
    content: async () => target.object?.bytes,
    meta: async () => target.object?.meta,
  }
})

const OPERATIONS = { put: 'PutObject', uploadPart: 'UploadPart' } as const

holdsToContract('the client at the embedded server', async (marker) => {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), env: {}, retry: FAST })
  const target = new ClientTarget(client, {
    bucket: 'bucket',
    key: 'a//b/../中 文',
    headers: marker === undefined ? {} : { meta: { [MARKER_NAME]: marker } },
    onRetry: () => {},
  })
  return {
    target,
    marker,
    hold(verb) {
      const held = server.faults.add(
        { operation: OPERATIONS[verb], times: Number.POSITIVE_INFINITY },
        { hold: 'arrival' },
      )
      return { reached: held.reached(), release: () => held.release() }
    },
    content: async () => server.objects.get('bucket', 'a//b/../中 文')?.content(),
    meta: async () => server.objects.get('bucket', 'a//b/../中 文')?.meta,
  }
})
