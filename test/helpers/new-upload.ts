/** An upload on a fake target, with hooks that write into the target's trail. */
import { planParts } from '../../src/protocol/part-plan.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import { MultipartUpload } from '../../src/upload/multipart-upload.js'
import type { UploadHooks, UploadSettings } from '../../src/upload/upload-settings.js'
import { FakeTarget } from './fake-target.js'

export const KIB = 1024
export const PART = 100 * KIB

export function newUpload(
  options: Partial<Omit<UploadSettings, 'hooks'>> & {
    readonly hooks?: Partial<UploadHooks>
    readonly target?: FakeTarget
  } = {},
) {
  const target = options.target ?? new FakeTarget()
  const failures: unknown[] = []
  const concurrency = options.concurrency ?? 2
  const upload = new MultipartUpload(target, {
    bucket: 'bucket',
    key: 'key',
    plan: planParts({ partSize: PART, concurrency, maxMemory: (concurrency + 1) * PART }),
    digests: { md5: true, crc64: false },
    leavePartsOnError: false,
    spareParts: Number.POSITIVE_INFINITY,
    onMismatch: 'keep',
    hedge: false,
    hashing: UNHASHED,
    slabs: PLAIN_SLABS,
    budget: new MemoryBudget(Number.MAX_SAFE_INTEGER),
    stalls: { enter: () => {} },
    abortMs: 1000,
    clock: { breathe: () => Promise.resolve(), sleep: neverWakes, ticks: () => 0 },
    ...options,
    concurrency,
    hooks: {
      onUploadId: () => {},
      onPart: () => {},
      onHedge: () => {},
      onCapacity: () => {},
      onResume: () => {},
      onStaleCheckpoint: () => {},
      onFailure: (error) => failures.push(error),
      ...options.hooks,
    },
  })
  return { upload, target, failures }
}

/** No kernels: parts are hashed as they fill. */
const UNHASHED: UploadSettings['hashing'] = {
  mode: 'inline',
  isBusy: () => false,
  isPressed: () => false,
  loaded: () => undefined,
  load: () => Promise.reject(new Error('There are no kernels here')),
}

/** Ordinary buffers, used once. */
export const PLAIN_SLABS: UploadSettings['slabs'] = {
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  free: () => {},
}

/** Sleeps until it is woken by its signal: no deadline ever passes. */
export function neverWakes(_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** `length` bytes that no shift or repetition would leave as they are; another `seed`, others. */
export function bytes(length: number, seed = 1): Buffer {
  const buffer = Buffer.allocUnsafe(length + 4 - (length % 4))
  let state = seed
  for (let offset = 0; offset < buffer.byteLength; offset += 4) {
    // Marsaglia's xorshift: a period of 2^32 - 1 words.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    buffer.writeInt32LE(state, offset)
  }
  return buffer.subarray(0, length)
}
