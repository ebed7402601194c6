/** Prefix, delimiter, marker, page size: what every list of the service does with names. Pure. */

/** One page. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly commonPrefixes: readonly string[]
  readonly isTruncated: boolean
  /** The last name on the page, a common prefix included; where the next page goes on. */
  readonly last: { readonly name: string; readonly item?: T } | undefined
}

/** Which names to list. */
export interface PageQuery<T> {
  readonly prefix: string
  /** `''` for none. */
  readonly delimiter: string
  readonly max: number
  /** Whether this name comes on this page or a later one. */
  readonly isAfterMarker: (name: string, item: T) => boolean
  /** A common prefix that was the last name of the page before is not listed again. */
  readonly marker: string
}

/** Takes a page out of items that are in order already. */
export function pageOf<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  query: PageQuery<T>,
): Page<T> {
  const { prefix, delimiter, max } = query
  const found: T[] = []
  const prefixes: string[] = []
  let last: Page<T>['last']
  for (const item of items) {
    const name = nameOf(item)
    if (!name.startsWith(prefix) || !query.isAfterMarker(name, item)) continue
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    const group = cut < 0 ? undefined : name.slice(0, cut + delimiter.length)
    if (group !== undefined && (group === prefixes.at(-1) || group === query.marker)) continue
    if (found.length + prefixes.length === max) {
      return { items: found, commonPrefixes: prefixes, isTruncated: max > 0, last }
    }
    if (group === undefined) found.push(item)
    else prefixes.push(group)
    last = group === undefined ? { name, item } : { name: group }
  }
  return { items: found, commonPrefixes: prefixes, isTruncated: false, last }
}

/**
 * Compares names by their UTF-8 bytes, as the service sorts. Differs from the order of strings where
 * a character above U+FFFF meets one from U+E000 on.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
