/**
 * One line that tells how far it has come: redrawn in place on a terminal, repeated every few
 * seconds anywhere else. Knows nothing about what it tells.
 */

/** Where the line goes: `process.stderr`, or a stand-in for it. */
export interface LineOutput {
  readonly isTTY?: boolean | undefined
  /** Width of the terminal; asked anew for each drawing, because windows are resized. */
  readonly columns?: number | undefined
  write(text: string): unknown
}

/** The same thing told at length, and told in short where room is scarce. */
export interface ProgressText {
  readonly long: readonly string[]
  readonly short: readonly string[]
}

const REDRAW_MS = 100
const REPEAT_MS = 3000

/** A progress line; at least its last state is always told. */
export class ProgressLine {
  readonly #output: LineOutput
  readonly #text: () => ProgressText
  readonly #redraws: boolean
  readonly #timer: NodeJS.Timeout

  constructor(output: LineOutput, text: () => ProgressText) {
    this.#output = output
    this.#text = text
    this.#redraws = output.isTTY === true && process.env.TERM !== 'dumb'
    this.#timer = setInterval(() => this.#draw(), this.#redraws ? REDRAW_MS : REPEAT_MS)
    if (this.#redraws) this.#draw()
  }

  /** Tells the last state and leaves the cursor on a new line. */
  end(): void {
    clearInterval(this.#timer)
    this.#draw()
    if (this.#redraws) this.#output.write('\n')
  }

  #draw(): void {
    if (this.#redraws) {
      const line = fitLine(this.#text(), this.#output.columns || 80)
      // To the beginning of the line, the text, and nothing of an earlier longer one after it.
      this.#output.write(`\r${line}\x1b[K`)
    } else {
      this.#output.write(`${this.#text().long.join(', ')}\n`)
    }
  }
}

/**
 * What fits into a terminal's width: everything at length, or in short, or the first few items.
 * The last column stays free, where many terminals would begin a new line.
 */
export function fitLine({ long, short }: ProgressText, columns: number): string {
  const room = Math.max(columns - 1, 0)
  const items = [...short]
  let line = long.join(' | ')
  while (line.length > room && items.length > 0) {
    line = items.join(', ')
    items.pop()
  }
  return line.slice(0, room)
}
