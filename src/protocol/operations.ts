/**
 * The operations of OSS, one row each: how a request is recognised and what a retry may assume.
 * The client formats requests from this table, the server matches them against it.
 */

export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD'
  /** What the request addresses. */
  readonly scope: 'service' | 'bucket' | 'object'
  /** Query names that make a request this operation; a valueless sub-resource or one with a value. */
  readonly query: readonly string[]
  /** Request header that makes a request this operation (`x-oss-copy-source`). */
  readonly header?: string
  /** Whether doing it twice leaves the same state as doing it once. */
  readonly idempotent: boolean
}

export const OPERATIONS = {
  PutObject: { method: 'PUT', scope: 'object', query: [], idempotent: true },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS
