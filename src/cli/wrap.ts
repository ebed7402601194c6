/** Text for a width of so many columns. Pure. */

/** Lines of `text` of at most `width` columns, broken at spaces; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

/** Rows of a term and its explanation in two columns, the second of them wrapped. */
export function twoColumns(
  rows: readonly (readonly [term: string, text: string])[],
  width: number,
): string[] {
  const longest = Math.max(0, ...rows.map(([term]) => term.length))
  const indent = Math.min(longest, MOST_TERM) + 4
  return rows.flatMap(([term, text]) => {
    const [first = '', ...others] = wrap(text, Math.max(width - indent, LEAST_TEXT))
    const rest = others.map((line) => `${' '.repeat(indent)}${line}`)
    if (term.length + 4 > indent) return [`  ${term}`, `${' '.repeat(indent)}${first}`, ...rest]
    return [`  ${term}`.padEnd(indent) + first, ...rest]
  })
}

/** A longer term stands on a line of its own. */
const MOST_TERM = 28
const LEAST_TEXT = 20
