/** The code blocks of a Markdown page. */

export interface Block {
  readonly page: string
  /** Line of its fence, from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** What an invisible `<!-- runs: … -->` above it names; see scenes.ts. */
  readonly scene: string
}

const FENCE = /^```(\w*)$/
const SCENE = /^<!-- runs: ([\w -]+) -->$/

/** Returns all fenced blocks of a page, in order. */
export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; language: string; scene: string; code: string[] } | undefined
  let scene = 'default'
  for (const [index, row] of text.split('\n').entries()) {
    const fence = FENCE.exec(row)
    if (open !== undefined) {
      if (fence === null) open.code.push(row)
      else {
        blocks.push({ page, ...open, code: open.code.join('\n') })
        open = undefined
        scene = 'default'
      }
    } else if (fence !== null) {
      open = { line: index + 1, language: fence[1] ?? '', scene, code: [] }
    } else if (row.trim() !== '') {
      scene = SCENE.exec(row)?.[1] ?? 'default'
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: a block without an end`)
  return blocks
}
