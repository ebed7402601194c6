import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { drawChart } from './chart.js'

const SETTINGS = {
  title: 'Uploads <fast> & "small"',
  alt: '"slow & steady" <is> slow',
  note: 'a machine',
}
const BARS = [
  { name: 'slow & steady', cpu: 4, wall: 2 },
  { name: 'osspipe', cpu: 1, wall: 0.5 },
]

interface Svg {
  readonly svg: { readonly text: unknown[]; readonly rect: { readonly '@_width': string }[] }
}

function parse(svg: string): Svg['svg'] {
  const parser = new XMLParser({ ignoreAttributes: false })
  const { svg: root }: Svg = parser.parse(svg)
  return root
}

describe('drawChart', () => {
  it('is well-formed whatever the names', () => {
    expect(XMLValidator.validate(drawChart(BARS, SETTINGS))).toBe(true)
    expect(XMLValidator.validate(drawChart([], SETTINGS))).toBe(true)
  })

  it('draws them as they come, with lengths in proportion', () => {
    const svg = drawChart(BARS, SETTINGS)
    expect(svg.indexOf('>slow &amp; steady<')).toBeLessThan(svg.indexOf('>osspipe<'))
    const widths = parse(svg).rect.map((rect) => Number(rect['@_width']))
    // Two rectangles of the legend, then CPU and wall of each.
    expect(widths.slice(2)).toEqual([480, 240, 120, 60])
  })
})
