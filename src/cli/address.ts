/** What `oss://BUCKET/…` on a command line names. Pure. */
import { UsageError } from './usage-error.js'

export interface ObjectName {
  readonly bucket: string
  readonly key: string
}

export interface PrefixName {
  readonly bucket: string
  /** What keys begin with; '' for all of the bucket. */
  readonly prefix: string
}

/** `oss://BUCKET/KEY`: the key is taken literally. @throws {UsageError} */
export function objectName(text: string): ObjectName {
  const { bucket, prefix: key } = split(text, 'oss://BUCKET/KEY')
  if (key === '') throw expected('oss://BUCKET/KEY', text)
  return { bucket, key }
}

/** `oss://BUCKET`, `oss://BUCKET/` or `oss://BUCKET/PREFIX`. @throws {UsageError} */
export function prefixName(text: string): PrefixName {
  return split(text, 'oss://BUCKET/PREFIX')
}

/** A key or prefix in a line of its own: what would break the line, or a terminal, is escaped. */
export function inLine(key: string): string {
  return [...key].some((each) => isControl(each)) ? JSON.stringify(key) : key
}

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029
}

function split(text: string, form: string): PrefixName {
  const [, bucket, prefix = ''] = /^oss:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? []
  if (bucket === undefined) throw expected(form, text)
  return { bucket, prefix }
}

function expected(form: string, text: string): UsageError {
  return new UsageError(`Expected ${form}, got ${JSON.stringify(text)}`)
}
