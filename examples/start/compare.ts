/**
 * What is known of a directory tree, and in what two trees differ. Pure: reads no file.
 */

/** One file, directory or symbolic link; fields that do not apply are 0 or empty. */
export interface TreeEntry {
  readonly type: 'file' | 'directory' | 'symlink'
  /** Permission bits. */
  readonly mode: number
  /** Bytes. */
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
  /** Where a symbolic link points to. */
  readonly linkTarget: string
}

/** Entries by their path, relative to the root and with `/` on every system; the root itself is `.`. */
export type Tree = ReadonlyMap<string, TreeEntry>

const FIELDS = ['type', 'mode', 'size', 'linkTarget', 'sha256'] as const

/** Says, a line each, what is missing in `restored`, what is extra, and what is different. */
export function differences(source: Tree, restored: Tree): string[] {
  const lines: string[] = []
  for (const [path, entry] of source) {
    const found = restored.get(path)
    if (found === undefined) lines.push(`missing: ${quote(path)}`)
    else lines.push(...changes(path, entry, found))
  }
  for (const path of restored.keys()) {
    if (!source.has(path)) lines.push(`extra: ${quote(path)}`)
  }
  return lines
}

/** A path for a person to read: no character of it can move the cursor or break the line. */
export function quote(path: string): string {
  const printable = path.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  )
  return `"${printable}"`
}

function changes(path: string, before: TreeEntry, after: TreeEntry): string[] {
  return FIELDS.filter((field) => before[field] !== after[field]).map(
    (field) =>
      `different: ${quote(path)} has ${field} ${show(before, field)}, came back with ${show(after, field)}`,
  )
}

function show(entry: TreeEntry, field: (typeof FIELDS)[number]): string {
  if (field === 'mode') return `0${entry.mode.toString(8)}`
  if (field === 'linkTarget') return quote(entry.linkTarget)
  return String(entry[field]) || 'none'
}
