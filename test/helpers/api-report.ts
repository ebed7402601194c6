/**
 * The public face of the package as text: every declaration that can be reached from its two entries, as the
 * compiler wrote it into `dist`, without comments, by module. Any changed signature changes this text.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))

/** What can be imported, and from where. */
export const ENTRIES: Readonly<Record<string, string>> = {
  osspipe: 'index.d.ts',
  'osspipe/server': 'server/server.d.ts',
}

interface Declaration {
  readonly module: string
  /** Where in its module it stands; several have one name if a function has overloads. */
  readonly index: number
  readonly name: string
  readonly text: string
}

/** Where a name of a module comes from. */
interface Origin {
  readonly module: string
  readonly name: string
}

interface Module {
  readonly declarations: readonly Declaration[]
  /** Imported names, as the module calls them. */
  readonly imports: ReadonlyMap<string, Origin>
  /** Names that it exports for others, as they are called outside. */
  readonly reexports: ReadonlyMap<string, Origin>
}

/** @param dist folder of the declarations, with a `/` at its end */
export function apiReport(dist = DIST): string {
  const modules = new Map<string, Module>()
  const reached = new Map<string, Declaration>()

  function moduleOf(path: string): Module {
    const known = modules.get(path)
    if (known !== undefined) return known
    const module = parseModule(path, readFileSync(join(dist, path), 'utf8'))
    modules.set(path, module)
    return module
  }

  function reach({ module: path, name }: Origin): void {
    const module = moduleOf(path)
    const elsewhere = module.reexports.get(name) ?? module.imports.get(name)
    if (elsewhere !== undefined) reach(elsewhere)
    for (const declaration of module.declarations) {
      const place = `${path} ${declaration.index}`
      if (declaration.name !== name || reached.has(place)) continue
      reached.set(place, declaration)
      for (const [word] of declaration.text.matchAll(/[A-Za-z_$][\w$]*/g)) {
        const origin = module.imports.get(word)
        if (origin !== undefined) reach(origin)
        else if (word !== name) reach({ module: path, name: word })
      }
    }
  }

  const heads = Object.entries(ENTRIES).map(([specifier, path]) => {
    const { declarations, reexports } = moduleOf(path)
    const own = declarations
      .filter(({ text }) => text.startsWith('export '))
      .map(({ name }) => name)
    const names = [...new Set([...own, ...reexports.keys()])].toSorted()
    for (const name of names) reach({ module: path, name })
    return `// ${specifier}: ${names.join(', ')}`
  })

  const sorted = [...reached.values()].toSorted(
    (a, b) => compare(a.module, b.module) || a.index - b.index,
  )
  const bodies = sorted.map(({ module, text }, index) =>
    sorted[index - 1]?.module === module ? text : `\n// ${module}\n${text}`,
  )
  return `${[...heads, ...bodies].join('\n')}\n`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Texts first: a comment may stand in one, as `oss://` does. */
const TEXT_OR_COMMENT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g
/** A member that is not meant for users. */
const INTERNAL = /^ *\/\*\*(?:(?!\*\/)[\s\S])*@internal(?:(?!\*\/)[\s\S])*\*\/\n[^\n]*\n/gm

function parseModule(path: string, source: string): Module {
  const lines = source
    .replace(INTERNAL, '')
    .replace(TEXT_OR_COMMENT, (found) => (/^['"]/.test(found) ? found : ''))
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && line !== 'export {};')
  const statements: string[] = []
  for (const line of lines) {
    if (/^[a-z]/.test(line)) statements.push(line)
    else statements.push(`${statements.pop() ?? ''}\n${line}`)
  }
  const imports = new Map<string, Origin>()
  const reexports = new Map<string, Origin>()
  const declarations: Declaration[] = []
  for (const [index, text] of statements.entries()) {
    const [, kind, names, from] =
      /^(import|export)(?: type)? \{([^}]*)\}(?: from ['"](.*)['"])?;$/.exec(text) ?? []
    if (kind !== undefined) {
      const into = kind === 'import' ? imports : reexports
      for (const [outside, inside] of pairsOf(names ?? '')) {
        if (from === undefined) into.set(outside, { module: path, name: inside })
        else if (!from.startsWith('.')) continue
        else into.set(outside, { module: resolve(path, from), name: inside })
      }
    } else if (!text.startsWith('import ')) {
      declarations.push({ module: path, index, name: nameOf(text, path), text })
    }
  }
  return { declarations, imports, reexports }
}

/** `type A, B as C` → [['A', 'A'], ['C', 'B']]: the name from here on, and the one it has over there. */
function pairsOf(names: string): [string, string][] {
  return names
    .split(',')
    .map((each) => each.trim().replace(/^type /, ''))
    .filter((each) => each !== '')
    .map((each) => {
      const [inside = '', outside = inside] = each.split(' as ')
      return [outside, inside]
    })
}

const KINDS = '(?:abstract class|class|function|const|let|interface|type|namespace)'
const NAME = new RegExp(`^(?:export )?(?:declare )?${KINDS} ([\\w$]+)`)

function nameOf(text: string, path: string): string {
  const name = NAME.exec(text)?.[1]
  if (name === undefined) throw new Error(`${path}: what does this declare? ${text}`)
  return name
}

/** The module that `./x.js` means in `path`. */
function resolve(path: string, from: string): string {
  return join(path, '..', from).replace(/\.js$/, '.d.ts')
}
