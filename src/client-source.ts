/** The verbs of a download, spoken by a client: a `DownloadSource` for one bucket and key. */
import type { RetryNotice } from './client/call-options.js'
import type { OssClient } from './client/client.js'
import type { DownloadSource } from './download/download-source.js'

export interface ClientSourceOptions {
  readonly bucket: string
  readonly key: string
  readonly onRetry: (notice: RetryNotice) => void
}

export function clientSource(client: OssClient, call: ClientSourceOptions): DownloadSource {
  return {
    async receive({ start, end, etag, versionId, signal, onHead, onData }) {
      const range = { start, end }
      const object = { ...call, range, ifMatch: etag, versionId, signal }
      await client.receiveObject({ ...object, onHead, onData })
    },
    head: ({ etag, versionId, signal }) =>
      client.headObject({ ...call, ifMatch: etag, versionId, signal }),
  }
}
