/** Where client meets upload: the upload of a stream, built from the stream's resolved options. */
import type { RetryNotice } from './client/call-options.js'
import { clientTarget } from './client-target.js'
import type { ResolvedOptions } from './resolve-options.js'
import { MultipartUpload } from './upload/multipart-upload.js'
import type { UploadHooks, UploadSettings } from './upload/upload-settings.js'

export interface StreamUploadEvents extends UploadHooks {
  onRetry(notice: RetryNotice): void
}

export function streamUpload(
  settings: ResolvedOptions,
  witness: UploadSettings['witness'],
  events: StreamUploadEvents,
): MultipartUpload {
  const { client, bucket, key, headers, exactSize, expectedSize, ...rest } = settings
  const { onRetry, ...hooks } = events
  return new MultipartUpload(clientTarget(client, { bucket, key, headers, onRetry }), {
    ...rest,
    bucket,
    key,
    exactSize: exactSize ? expectedSize : undefined,
    abortMs: client.timeouts.abortMs,
    clock: client.clock,
    witness,
    hooks,
  })
}
