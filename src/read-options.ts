/** The options of a read stream and their documentation. resolve-read-options.ts checks them. */
import type { OssClient } from './client/client.js'
import type { OssClientOptions } from './client/options.js'
import type { ExpectedDigest } from './expected-digest.js'

/** How far a read stream has come. */
export interface DownloadProgress {
  /** Bytes handed over; never goes back. */
  readonly bytesRead: number
  /** Bytes received from the service; never goes back. */
  readonly bytesReceived: number
  /** Bytes to read in all, once the service has answered. */
  readonly length: number | undefined
  /** Requests for ranges under way. */
  readonly rangesInFlight: number
  /** Bytes requested or received and not handed over yet; at most `maxMemory`. */
  readonly heldBytes: number
}

/** Options of {@link createOssReadStream}. Those of the connection come from the environment otherwise. */
export interface OssReadStreamOptions extends OssClientOptions {
  /** Object key: 1 to 1023 bytes of UTF-8, not beginning with `/` or `\`. Taken literally. */
  readonly key?: string | undefined
  /** A client to share: its connection, credentials and retry policy. Excludes options of these. */
  readonly client?: OssClient | undefined
  /** First byte to read, as in `fs.createReadStream`: an integer from 0. @default 0 */
  readonly start?: number | undefined
  /**
   * Last byte to read, inclusive, as in `fs.createReadStream`; cut to the object's, and `Infinity` is
   * one, too. @default the last
   */
  readonly end?: number | undefined
  /** Bytes of a range: an integer from 1,024. @default 8 MiB, or what `maxMemory` leaves for each */
  readonly partSize?: number | undefined
  /**
   * Most requests at once: an integer from 1 to 1,000. Memory may allow fewer.
   * @default 4, or as many of these as the event loop has time for
   */
  readonly concurrency?: number | undefined
  /** Another name of `concurrency`, as users of ali-oss know it. */
  readonly parallel?: number | undefined
  /**
   * Most bytes requested or received, and not handed over yet: at least `partSize`. Nothing is asked
   * for that does not fit. @default 64 MiB, or `(concurrency + 1) * partSize` if larger
   */
  readonly maxMemory?: number | undefined
  /** Read this version of the object. Takes the permission `oss:GetObjectVersion`. */
  readonly versionId?: string | undefined
  /** Fail with an ObjectChangedError unless the object has this ETag. */
  readonly ifMatch?: string | undefined
  /**
   * Compare the bytes with the service's CRC-64, and with the SHA-256 in the metadata `osspipe-sha256`
   * if there is one. Both are of the whole object: a part of it cannot be compared. @default true
   */
  readonly verify?: boolean | undefined
  /** Digests to compare the bytes with, be they all or a range; they replace nothing. */
  readonly expectedDigest?: ExpectedDigest | undefined
  /** Destroys the stream with `signal.reason`. Aborted already: no request is made. */
  readonly signal?: AbortSignal | undefined
  /** Is told what the event `progress` tells. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  /** Bytes that Node buffers for a consumer, beside `maxMemory`. @default 256 KiB */
  readonly highWaterMark?: number | undefined
}
