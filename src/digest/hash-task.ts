/** Parts that wait for the kernels, of whatever stream: which of them go together, and what becomes of them. */
import type { Digests, HashJob } from './job.js'
import { batchedOf, type HashingMode } from './schedule.js'

export interface HashTask {
  readonly job: HashJob
  readonly mode: HashingMode
  readonly resolve: (digests: Digests) => void
  readonly reject: (reason: unknown) => void
}

/** Returns the tasks at the head of the queue that can share a batch. */
export function nextTasks<Task extends Pick<HashTask, 'job' | 'mode'>>(
  waiting: readonly Task[],
): Task[] {
  const [head] = waiting
  if (head === undefined) return []
  const differs = ({ job, mode }: Task) =>
    job.md5 !== head.job.md5 || job.crc64 !== head.job.crc64 || mode !== head.mode
  const end = waiting.findIndex(differs)
  const alike = end === -1 ? waiting.length : end
  return waiting.slice(0, batchedOf(alike, head.job))
}

/** Hands each task its digests; one that has none fails, rather than be sent unchecked. */
export function settle(tasks: readonly HashTask[], digests: readonly Digests[]): void {
  for (const [index, { resolve, reject }] of tasks.entries()) {
    const found = digests[index]
    if (found === undefined) reject(new RangeError(`No digests of job ${index}`))
    else resolve(found)
  }
}
