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

/** Returns `target`, telling of its parts and aborts whoever listens when they begin. */
export function tracedTarget(target: UploadTarget, upload: UploadTrace): UploadTarget {
  const { bucket, key } = upload
  return {
    ...target,
    uploadPart(request) {
      if (!parts.hasSubscribers) return target.uploadPart(request)
      const { uploadId, partNumber, size } = request
      const trace: PartTrace = { upload, bucket, key, uploadId, partNumber, size }
      return traced(
        parts,
        trace,
        () => target.uploadPart(request),
        ({ etag }) => {
          trace.etag = etag
        },
      )
    },
    abort(request) {
      if (!aborts.hasSubscribers) return target.abort(request)
      const trace: AbortTrace = { upload, bucket, key, uploadId: request.uploadId }
      return traced(
        aborts,
        trace,
        () => target.abort(request),
        (ended) => {
          trace.ended = ended
        },
      )
    },
  }
}
