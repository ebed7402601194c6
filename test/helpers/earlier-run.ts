/** An upload on a fake target that an earlier run has begun, and one that may go on with it. */
import { planParts } from '../../src/protocol/part-plan.js'
import { type Checkpoint, encodeCheckpoint } from '../../src/upload/checkpoint.js'
import type { ResumeNotice } from '../../src/upload/resumption.js'
import { FakeTarget } from './fake-target.js'
import { MemoryCheckpoint } from './memory-checkpoint.js'
import { newUpload, PART } from './new-upload.js'

const CONCURRENCY = 2
const PLAN = planParts({
  partSize: PART,
  concurrency: CONCURRENCY,
  maxMemory: (CONCURRENCY + 1) * PART,
})

/** The upload id of the earlier run. */
export const EARLIER = 'earlier'

/** A target that holds these parts of upload `earlier`, and its checkpoint. */
export function earlierRun(
  parts: Readonly<Record<number, Buffer>> | undefined,
  found: Partial<Checkpoint> = {},
) {
  const target = new FakeTarget()
  if (parts !== undefined) {
    const rows = Object.entries(parts).map(([name, body]): [number, Buffer] => [Number(name), body])
    target.uploads.set(EARLIER, new Map(rows))
  }
  const { partSize, growAfter, maxPartSize } = PLAN
  const text = encodeCheckpoint({
    bucket: 'bucket',
    key: 'key',
    uploadId: EARLIER,
    marker: 'earlier marker',
    plan: { partSize, growAfter, maxPartSize },
    headers: 'digest',
    source: 'version 1',
    ...found,
  })
  return { target, store: new MemoryCheckpoint(text, target.trail) }
}

/** The parts of `input` with these numbers, as the earlier run stored them. */
export function partsOf(input: Buffer, numbers: readonly number[]): Record<number, Buffer> {
  return Object.fromEntries(
    numbers.map((number) => [number, input.subarray((number - 1) * PART, number * PART)]),
  )
}

/** An upload with a checkpoint, and what it told of the earlier run. */
export function resumingUpload(
  { target, store }: { readonly target: FakeTarget; readonly store: MemoryCheckpoint },
  options: Parameters<typeof newUpload>[0] = {},
) {
  const notices: ResumeNotice[] = []
  const stale: unknown[] = []
  const opened = newUpload({
    target,
    concurrency: CONCURRENCY,
    leavePartsOnError: true,
    marker: 'new marker',
    checkpoint: { store, headers: 'digest', source: 'version 1' },
    ...options,
    hooks: {
      onResume: (notice) => notices.push(notice),
      onStaleCheckpoint: (error) => stale.push(error),
      ...options.hooks,
    },
  })
  return { ...opened, store, notices, stale }
}
