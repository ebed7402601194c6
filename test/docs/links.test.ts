/** Every link of the README and of the guide leads somewhere: a file that is there, a heading that it has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { linksOf } from './links.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GUIDE = 'examples/guide'
const pages = ['README.md', ...readdirSync(join(ROOT, GUIDE)).map((name) => `${GUIDE}/${name}`)]

interface Link {
  readonly page: string
  readonly target: string
}

function linksIn(page: string): Link[] {
  return linksOf(readFileSync(join(ROOT, page), 'utf8')).map((target) => ({ page, target }))
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```$/gms, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const links = pages.filter((name) => name.endsWith('.md')).flatMap(linksIn)

describe('the docs', () => {
  it('have links', () => {
    expect(links.length).toBeGreaterThan(50)
  })

  it.each(links)('$page leads to $target', ({ page, target }) => {
    if (/^https:/.test(target)) return expect(URL.canParse(target)).toBe(true)
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path)
    expect(existsSync(file)).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(relative(ROOT, file))).toContain(anchor)
  })
})
