/**
 * What an OssClient is made from. Names are those that users of OSS know already.
 */

import type { Dispatcher } from 'undici'
import type { CredentialsSource } from '../credentials.js'
import type { EndpointOptions } from '../protocol/endpoint.js'
import type { RetryNotice } from './call-options.js'
import type { Clock } from './clock.js'
import type { RetryPolicy } from './retry.js'

/** How long the client waits for what, in milliseconds. Each counts one attempt. */
export interface Timeouts {
  /** For a connection, TLS included. Not applied to a `dispatcher` of the caller's. @default 10_000 */
  readonly connectMs: number
  /** While sending or receiving, without any progress. @default 30_000 */
  readonly stallMs: number
  /** For the beginning of the answer, after the last byte was handed over. @default 60_000 */
  readonly responseMs: number
  /** For cleaning up after a failed upload, all attempts included. @default 30_000 */
  readonly abortMs: number
}

/** Options of {@link OssClient}; the environment fills in what is not given. */
export interface OssClientOptions extends EndpointOptions {
  /** Bucket of calls that name none. @default `OSS_BUCKET` of the environment, else none */
  readonly bucket?: string | undefined
  /** @default `OSS_ACCESS_KEY_ID` and its kin, else `ALIBABA_CLOUD_ACCESS_KEY_ID` and its kin */
  readonly credentials?: CredentialsSource | undefined
  /** How requests are signed; `v4` needs a region. @default 'v4' */
  readonly signatureVersion?: 'v4' | 'v1' | undefined
  /** How failed attempts are repeated. */
  readonly retry?: Partial<RetryPolicy> | undefined
  readonly timeouts?: Partial<Timeouts> | undefined
  /** An undici dispatcher (proxy, mock, TLS options) to send through; the caller closes it. */
  readonly dispatcher?: Dispatcher | undefined
  /** Stands in for the environment. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Stands in for time and chance, for tests. */
  readonly clock?: Clock | undefined
  /** Is told of every failed attempt that will be repeated, after the call's own `onRetry`. */
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined
}
