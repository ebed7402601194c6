/** `osspipe man`: prints the manual page. */
import { DESCRIPTIONS } from './commands.js'
import type { Context } from './context.js'
import { manPage } from './man-page.js'
import { writeTo } from './output.js'

export async function run(context: Context): Promise<number> {
  await writeTo(context.stdout, manPage(DESCRIPTIONS))
  return 0
}
