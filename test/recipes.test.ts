/** The page of recipes names what there is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as face from '../src/index.js'

const at = (path: string) => fileURLToPath(new URL(`../examples/guide/${path}`, import.meta.url))
const PAGES = ['recipes.md', 'why-not-passthrough.md']
const RECIPES = readFileSync(at('recipes.md'), 'utf8')

describe('the recipes', () => {
  it.each(PAGES)('link only to what is there (%s)', (page) => {
    const links = [...readFileSync(at(page), 'utf8').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
    expect(links.length).toBeGreaterThan(2)
    for (const [, link = ''] of links) {
      if (!link.startsWith('https://')) expect([link, existsSync(at(link))]).toEqual([link, true])
    }
  })

  it('have a row for each example from 16 on that is one', () => {
    const examples = readdirSync(at('..')).filter((name) => /^(1[6-9]|2\d|3\d)-/.test(name))
    const others = ['28-opentelemetry.ts']
    for (const name of examples.filter((each) => !others.includes(each))) {
      expect(RECIPES).toContain(`[${name.slice(0, 2)}](../${name})`)
    }
  })

  it.each([
    ['uploadToOss', []],
    ['createOssWritableStream', ['highWaterMark', 'result', 'completed', 'settled', 'upload']],
    ['createTee', ['onFailure', 'highWaterMark', 'sinkError', 'results', 'outcome']],
    [
      'createOssRotatingWriteStream',
      [
        'key',
        'maxObjectBytes',
        'maxAgeMs',
        'split',
        'objectsPublished',
        'bytesPublished',
        'lastObject',
      ],
    ],
    ['createDigestTap', ['md5', 'sha256', 'crc64', 'tap.bytes', 'tap.digests']],
    ['createRateLimit', ['maxBytesPerSecond', 'burst']],
  ] as const)('tell of %s what it takes and gives', (name, words) => {
    expect(face).toHaveProperty(name)
    const [, section = ''] = RECIPES.split(`## \`${name}(`)
    const [own = ''] = section.split('\n## ')
    for (const word of words) expect(own).toMatch(new RegExp(`\\b${word.replace('.', '\\.')}\\b`))
  })
})
