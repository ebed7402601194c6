/** What a read stream tells: the events beside Node's own, with their arguments. */
import { Readable, type ReadableOptions } from 'node:stream'
import type { RetryNotice } from './client/call-options.js'
import type { OpenedObject } from './download/download-source.js'
import type { EventfulReadable } from './listening.js'
import type { DownloadProgress } from './read-options.js'

/** Events of a read stream, by name. */
export interface ReadStreamEvents {
  /** The service has described the object; once, before the first byte. */
  open: [object: OpenedObject]
  /** A range has been received, or the stream is at its end. */
  progress: [progress: DownloadProgress]
  /** An attempt failed and will be repeated. */
  retry: [notice: RetryNotice]
}

/** Node's Readable as it is, but for the types of the events above. */
export const Eventful: new (options: ReadableOptions) => EventfulReadable<ReadStreamEvents> =
  Readable
