/** The options of an upload stream and their documentation. resolve-options.ts checks them. */
import type { OssClient } from './client/client.js'
import type { OssClientOptions } from './client/options.js'
import type { ExpectedDigest } from './expected-digest.js'
import type { ObjectHeaderOptions } from './protocol/headers.js'
import type { BeforeComplete } from './publish-guard.js'
import type { CheckpointStore } from './upload/checkpoint.js'
import type { OnMismatch } from './upload/publisher.js'

/**
 * Which digests vouch for the bytes. The service's CRC-64s, combined over the parts, are compared
 * with the one of the whole object in every case; they cost nothing.
 * `md5`: our MD5 of each part goes out as Content-MD5 and is compared with the ETag.
 * `crc64`: our CRC-64 of each part is compared with the service's. `false`: nothing is computed.
 */
export type Integrity = 'md5' | 'md5+crc64' | 'crc64' | false

/** How far an upload has come. */
export interface UploadProgress {
  /** Bytes accepted from the source. */
  readonly bytesWritten: number
  /** Bytes that the service has acknowledged; never goes back. */
  readonly bytesUploaded: number
  /** Parts that the service has acknowledged. */
  readonly partsUploaded: number
  /** Requests for parts under way. */
  readonly partsInFlight: number
  /** Memory held in part buffers, in bytes; at most `maxMemory`. */
  readonly heldBytes: number
  /** `expectedSize`, if it was given. */
  readonly expectedSize: number | undefined
}

/** Options of {@link createOssWriteStream}. Those of the connection come from the environment otherwise. */
export interface OssWriteStreamOptions extends OssClientOptions, ObjectHeaderOptions {
  /** Object key: 1 to 1023 bytes of UTF-8, not beginning with `/` or `\`. Taken literally. */
  readonly key?: string | undefined
  /** A client to share: its connection, credentials and retry policy. Excludes options of these. */
  readonly client?: OssClient | undefined
  /**
   * Size of the first parts, in bytes: an integer from 102,400 (100 KiB) to 5,368,709,120 (5 GiB).
   * Without `expectedSize` it doubles after 3,000 parts, and after each 1,000 more, up to half of `maxMemory`.
   * @default 8 MiB, or what `expectedSize` needs, or half of `maxMemory` if that is less
   */
  readonly partSize?: number | undefined
  /**
   * Most requests on the wire at once: an integer from 1 to 1,000; memory may allow fewer. `auto` begins
   * with 4, goes on to more (16 at most, and one part less than `maxMemory` holds) as long as that makes the upload
   * faster, and to fewer when the service answers 503 or 429 or not in time. @default 4
   */
  readonly concurrency?: number | 'auto' | undefined
  /** Another name of `concurrency`, as users of ali-oss know it. */
  readonly parallel?: number | 'auto' | undefined
  /**
   * Most bytes held in part buffers (filling + waiting + in flight): at least twice the part size.
   * A writer waits while it is used up. Without it `concurrency + 4` parts are held at most: 64 MiB as long
   * as parts have 8 MiB, 160 MiB once `auto` has come to 16. @default 256 MiB, or `(concurrency + 1) * partSize`
   * if larger, where `auto` counts for 4
   */
  readonly maxMemory?: number | undefined
  /** Expected length in bytes, to plan the parts by; a stream may turn out longer or shorter. */
  readonly expectedSize?: number | undefined
  /** Publish nothing unless the length is exactly `expectedSize`. @default false */
  readonly exactSize?: boolean | undefined
  /**
   * Publish nothing unless the digests of all bytes are these. Costs hashing of its own, but no extra
   * pass; the CRC-64, for one, about 0.3 s of CPU a GiB.
   */
  readonly expectedDigest?: ExpectedDigest | undefined
  /**
   * Compute the SHA-256 of all bytes (about 0.7 to 3 s of CPU a GiB) for `result.sha256`. It is stored as
   * `x-oss-meta-osspipe-sha256` where it is known in time: with a single PutObject, and with
   * `expectedDigest.sha256`. OSS takes user metadata with the first request of a multipart upload alone.
   * @default false
   */
  readonly sha256?: boolean | undefined
  /**
   * Asked when all bytes are there and nothing is published; whatever it throws is what the stream
   * fails with (what is no Error as the `cause` of one), and nothing is published. What it returns means
   * nothing. The upload waits for it without a deadline.
   */
  readonly beforeComplete?: BeforeComplete | undefined
  /**
   * What becomes of an object that was published with other bytes than ours, as its checksum shows:
   * `delete` removes it (for good, version included), `keep` leaves it. Either way it is looked at again
   * first: if it is whole, the upload has succeeded, else the stream fails, and `outcome` tells what is
   * there. `delete` needs the `marker`, so as to delete nobody else's, and deletes only what has another
   * CRC-64 than the one that is computed here: `integrity` is `'md5+crc64'` unless you say otherwise.
   * @default 'keep'
   */
  readonly onMismatch?: OnMismatch | undefined
  /**
   * Where to remember the upload, so that a later run with the same source goes on with it: parts that
   * are stored are compared by digest and not sent again. See {@link fileCheckpoint}. Needs `integrity`.
   */
  readonly checkpoint?: CheckpointStore | undefined
  /**
   * Names the content of the source, such as `${size}-${mtimeMs}`. A checkpoint of another version is not
   * gone on with; with an equal one `skipStored()` need not read again what is stored. 1 to 1,024 characters.
   */
  readonly sourceVersion?: string | undefined
  /**
   * Keep the parts of an upload that fails, for a look or a resumption. They are billed.
   * @default false, but true with `checkpoint`
   */
  readonly leavePartsOnError?: boolean | undefined
  /** Destroys the stream with `signal.reason` and cleans up. Aborted already: no request is made. */
  readonly signal?: AbortSignal | undefined
  /** Is told what the event `progress` tells. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined
  /** @default 'md5', but 'md5+crc64' with `onMismatch: 'delete'` */
  readonly integrity?: Integrity | undefined
  /**
   * At the end of a multipart upload, when no part waits for its turn any more: send a part a second time that takes
   * three times as long as the others did, and a second at least, beside its first request. The first answer wins, the
   * other request is cancelled. At most once a part, within `concurrency`, and only with an `integrity` that has
   * `md5`. It may cost one more PUT request; failed requests, traffic to OSS and a replaced part cost nothing
   * (OSS "API operation calling fees", "Traffic fees"). @default true, but false where the bytes of a second
   * request are billed or slow by intent: through an `accelerate` endpoint (OSS "Transfer acceleration fees"), with the
   * header `x-oss-request-payer`, and with a `trafficLimit`
   */
  readonly hedge?: boolean | undefined
  /**
   * Where full parts are hashed: `inline` on this thread, `worker` in one that all streams of the process
   * share, `auto` in the worker once hashing keeps the event loop busy; with two processors and a line that is
   * faster than they are, MD5 alone stays inline. Small uploads use neither. @default 'auto'
   */
  readonly hashing?: 'auto' | 'inline' | 'worker' | undefined
  /**
   * Mark the object with `x-oss-meta-osspipe-upload: <random>`, so that after a lost answer it is not
   * taken for an older one of equal bytes. @default true
   */
  readonly marker?: boolean | undefined
  /** Bytes that Node buffers before `write()` returns false. @default 1 MiB */
  readonly highWaterMark?: number | undefined
}
