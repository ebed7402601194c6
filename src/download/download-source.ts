/** What a download asks of the service, and how it is told of the object. */

/** The object that is read, as the service describes it. */
export interface OpenedObject {
  /** Bytes of the whole object. */
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** CRC-64 of the whole object, unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  readonly versionId?: string | undefined
  readonly contentType?: string | undefined
  readonly lastModified?: Date | undefined
  readonly storageClass?: string | undefined
  /** `Normal`, `Multipart`, `Appendable` or `Symlink`. */
  readonly objectType?: string | undefined
  /** User metadata, names without `x-oss-meta-`. */
  readonly meta: Readonly<Record<string, string>>
  /** All headers of the first answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly requestId: string | undefined
}

export interface ReceiveRequest {
  /** First byte. */
  readonly start: number
  /** Byte after the last; the object may end before it. */
  readonly end: number
  readonly etag: string | undefined
  readonly versionId: string | undefined
  readonly signal: AbortSignal
  /** Is told of the object before its bytes, once an attempt. */
  readonly onHead: (object: OpenedObject) => void
  /** Takes bytes in order, each once. */
  readonly onData: (bytes: Uint8Array) => void
}

/** One object of a service. Both verbs retry, and reject with the client's errors. */
export interface DownloadSource {
  /** Resolves when all bytes of the range have been handed over. */
  receive(request: ReceiveRequest): Promise<void>
  head(request: {
    readonly etag: string | undefined
    readonly versionId: string | undefined
    readonly signal: AbortSignal
  }): Promise<OpenedObject>
}
