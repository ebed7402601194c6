/** An `UploadTarget` whose parts and aborts can be watched: see diagnostics.ts. */
import {
  type AbortTrace,
  aborts,
  type PartTrace,
  parts,
  traced,
  type UploadTrace,
} from './diagnostics.js'
import type { UploadTarget } from './upload/upload-target.js'

type RequestOf<Verb extends keyof UploadTarget> = Parameters<UploadTarget[Verb]>[0]

/** Speaks through another target, and tells of its parts and aborts whoever listens when they begin. */
export class TracedTarget implements UploadTarget {
  readonly #target: UploadTarget
  readonly #trace: () => UploadTrace

  /** @param trace is asked for the upload only when somebody listens */
  constructor(target: UploadTarget, trace: () => UploadTrace) {
    this.#target = target
    this.#trace = trace
  }

  uploadPart(request: RequestOf<'uploadPart'>) {
    if (!parts.hasSubscribers) return this.#target.uploadPart(request)
    const upload = this.#trace()
    const { bucket, key } = upload
    const { uploadId, partNumber, size } = request
    const trace: PartTrace = { upload, bucket, key, uploadId, partNumber, size }
    return traced(
      parts,
      trace,
      () => this.#target.uploadPart(request),
      ({ etag }) => {
        trace.etag = etag
      },
    )
  }

  abort(request: RequestOf<'abort'>) {
    if (!aborts.hasSubscribers) return this.#target.abort(request)
    const upload = this.#trace()
    const { bucket, key } = upload
    const trace: AbortTrace = { upload, bucket, key, uploadId: request.uploadId }
    return traced(
      aborts,
      trace,
      () => this.#target.abort(request),
      (ended) => {
        trace.ended = ended
      },
    )
  }

  put(request: RequestOf<'put'>) {
    return this.#target.put(request)
  }

  initiate(request: RequestOf<'initiate'>) {
    return this.#target.initiate(request)
  }

  complete(request: RequestOf<'complete'>) {
    return this.#target.complete(request)
  }

  listParts(request: RequestOf<'listParts'>) {
    return this.#target.listParts(request)
  }

  remove(request: RequestOf<'remove'>) {
    return this.#target.remove(request)
  }

  isAlive(request: RequestOf<'isAlive'>) {
    return this.#target.isAlive(request)
  }

  head(request: RequestOf<'head'>) {
    return this.#target.head(request)
  }
}
