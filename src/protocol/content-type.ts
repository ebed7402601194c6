/**
 * Content types by file extension: the few kinds of file that backups, exports and web sites
 * consist of. No sniffing of content.
 */

/** Guesses a content type by the key's extension; `application/octet-stream` if it knows none. */
export function contentTypeOf(key: string): string {
  const [, extension = ''] = /\.([a-z0-9]{1,10})$/i.exec(key) ?? []
  return CONTENT_TYPES.get(extension.toLowerCase()) ?? 'application/octet-stream'
}

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '7z': 'application/x-7z-compressed',
    avif: 'image/avif',
    bz2: 'application/x-bzip2',
    css: 'text/css',
    csv: 'text/csv',
    gif: 'image/gif',
    gz: 'application/gzip',
    htm: 'text/html',
    html: 'text/html',
    ico: 'image/x-icon',
    jpeg: 'image/jpeg',
    jpg: 'image/jpeg',
    js: 'text/javascript',
    json: 'application/json',
    jsonl: 'application/jsonl',
    log: 'text/plain',
    md: 'text/markdown',
    mjs: 'text/javascript',
    mp3: 'audio/mpeg',
    mp4: 'video/mp4',
    ndjson: 'application/x-ndjson',
    parquet: 'application/vnd.apache.parquet',
    pdf: 'application/pdf',
    png: 'image/png',
    rar: 'application/vnd.rar',
    sql: 'application/sql',
    svg: 'image/svg+xml',
    tar: 'application/x-tar',
    tgz: 'application/gzip',
    tsv: 'text/tab-separated-values',
    txt: 'text/plain',
    wasm: 'application/wasm',
    wav: 'audio/wav',
    webm: 'video/webm',
    webp: 'image/webp',
    xml: 'application/xml',
    xz: 'application/x-xz',
    yaml: 'application/yaml',
    yml: 'application/yaml',
    zip: 'application/zip',
    zst: 'application/zstd',
  }),
)
