/** What the sink answers: as little of OSS and S3 as their clients need to go on. */

const CONSTANT_ETAG = '00000000000000000000000000000000'

/**
 * @param {import('./request-reader.mjs').Head} head
 * @param {{ md5?: string, crc64?: string }} found digests of the body in hexadecimal and in decimal, if it was looked at
 * @returns {{ status: number, headers: Record<string, string>, body: string }}
 */
export function answerTo({ method, path, headers }, found) {
  const [target = '', query = ''] = path.split('?')
  const parameters = new URLSearchParams(query)
  const [, bucket = 'bucket', key = 'key'] = /^\/([^/]+)\/(.*)$/.exec(target) ?? []
  const common = { 'x-oss-request-id': '5FF16B65F05BC932307A3C3C', 'x-amz-request-id': '5FF16B65' }
  if (method === 'DELETE') return { status: 204, headers: common, body: '' }
  if (method === 'POST' && parameters.has('uploads')) {
    const fields = { Bucket: bucket, Key: key, UploadId: '0004B9894A22E5B1888A1E29F823BAAA' }
    return xml(common, 'InitiateMultipartUploadResult', fields)
  }
  // minio asks for an upload of the key to go on with before it begins one.
  if (method === 'GET' && parameters.has('uploads')) {
    const [, name = 'bucket'] = target.split('/')
    return xml(common, 'ListMultipartUploadsResult', { Bucket: name, IsTruncated: 'false' })
  }
  if (method === 'POST') {
    const place = `http://sink/${bucket}/${key}`
    const fields = { Location: place, Bucket: bucket, Key: key, ETag: `"${CONSTANT_ETAG}-1"` }
    return xml(common, 'CompleteMultipartUploadResult', fields)
  }
  const md5 = headers.get('content-md5')
  const announced = md5 === undefined ? undefined : Buffer.from(md5, 'base64').toString('hex')
  const etag = `"${(found.md5 ?? announced ?? CONSTANT_ETAG).toUpperCase()}"`
  const crc64 = found.crc64 === undefined ? {} : { 'x-oss-hash-crc64ecma': found.crc64 }
  if (found.md5 !== undefined && announced !== undefined && found.md5 !== announced) {
    return { status: 400, headers: common, body: '<Error><Code>InvalidDigest</Code></Error>' }
  }
  return { status: 200, headers: { ...common, etag, ...crc64 }, body: '' }
}

function xml(headers, root, fields) {
  const content = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`)
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${content.join('')}</${root}>`,
  }
}
