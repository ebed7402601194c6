/** What goes wrong behind the wire: lines of the embedded server's fault script, drawn by chance. */
import type { OperationName } from '../../src/protocol/operations.js'
import type { FaultAction, FaultMatch } from '../../src/server/server.js'
import type { SeededRandom } from './random.js'

const HTML = '<html><head><title>502 Bad Gateway</title></head><body>proxy</body></html>'
const HIDDEN = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>?</Message></Error>'

const OPERATIONS: readonly [OperationName, ...OperationName[]] = [
  'InitiateMultipartUpload',
  'UploadPart',
  'UploadPart',
  'CompleteMultipartUpload',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'PutObject',
  'PutObject',
  'HeadObject',
  'ListParts',
]

/** Faults of one object. A byte damaged at rest is none of them: there the service itself lies. */
export function drawFaults(
  random: SeededRandom,
  key: string,
  scenario: { readonly token: unknown },
): { match: FaultMatch; action: FaultAction }[] {
  const count = random.pick([0, 0, 1, 2, 3])
  return Array.from({ length: count }, () => {
    const operation = random.pick(OPERATIONS)
    const match: FaultMatch = {
      operation,
      key,
      skip: random.pick([0, 0, 1, 3]),
      times: random.pick([1, 1, 2, 5, 20]),
    }
    return { match, action: drawAction(random, operation, scenario.token !== undefined) }
  })
}

function drawAction(
  random: SeededRandom,
  operation: OperationName,
  hasToken: boolean,
): FaultAction {
  const actions: [FaultAction, ...FaultAction[]] = [
    { status: random.pick([500, 502, 503, 504, 429, 408, 400, 403]) },
    { status: 503, when: 'before-body' },
    { status: 500, body: '', process: true },
    { status: 504, body: HTML, process: random.chance(0.5) },
    { reset: random.pick(['before-body', 'mid-body', 'after-body']) },
    { drop: 'answer' },
    { drop: 'answer' },
    { delayMs: random.integer(1, 150) },
    { drip: { bytes: 40 } },
    { breakAfter: random.integer(0, 200) },
    { skewMs: random.pick([-3_600_000, 3_600_000, 100_000]) },
  ]
  if (operation === 'UploadPart' || operation === 'PutObject') {
    actions.push({ corrupt: random.pick(['etag', 'crc64']) }, { dropHeader: 'etag' })
  }
  if (operation === 'CompleteMultipartUpload') {
    const process = random.chance(0.5)
    actions.push({ corrupt: 'crc64' }, { dropHeader: 'x-oss-hash-crc64ecma' })
    actions.push({ status: 200, body: HIDDEN, process }, { status: 200, body: HTML, process })
  }
  if (hasToken) actions.push({ expireToken: true })
  return random.pick(actions)
}
