/** `osspipe ls`: what is in a bucket, page after page as it comes. */
import type { ListedObject } from '../index.js'
import { inLine, prefixName } from './address.js'
import { objectPages } from './all-objects.js'
import { clientFor } from './connected.js'
import type { Arguments, Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { LS } from './descriptions/ls.js'
import { count, formatSize } from './format.js'
import { Console } from './output.js'

export async function run(
  context: Context,
  { operands }: Arguments,
  options: OptionsOf<typeof LS>,
): Promise<number> {
  const console = new Console(context, options)
  const { bucket, prefix } = prefixName(operands[0] ?? '')
  const client = clientFor(bucket, context, options, console)
  const objects: ListedObject[] = []
  const folders: string[] = []
  let [number, size] = [0, 0]
  for await (const page of objectPages(client, prefix, !options.recursive)) {
    number += page.objects.length
    size += page.objects.reduce((sum, object) => sum + object.size, 0)
    if (console.json) {
      objects.push(...page.objects)
      folders.push(...page.folders)
    } else {
      await console.write(
        [...page.folders.map(folderLine), ...page.objects.map(objectLine)].join(''),
      )
    }
  }
  console.note(`${count(number, 'object')}, ${formatSize(size)}`)
  await console.result({ bucket, prefix, count: number, size, folders, objects })
  return 0
}

const DATE_WIDTH = '2026-11-26T12:00:00.000Z'.length
const SIZE_WIDTH = 14

export function objectLine({ key, size, lastModified }: ListedObject): string {
  return `${lastModified.padEnd(DATE_WIDTH)} ${String(size).padStart(SIZE_WIDTH)} ${inLine(key)}\n`
}

export function folderLine(prefix: string): string {
  return `${''.padEnd(DATE_WIDTH)} ${'folder'.padStart(SIZE_WIDTH)} ${inLine(prefix)}\n`
}
