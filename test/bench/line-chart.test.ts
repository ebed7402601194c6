import { XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { drawLineChart, type Line } from './line-chart.js'

const SETTINGS = { title: 'far & away', alt: '<speed>', note: 'a machine', speedOfOne: 50 }
const LINES: readonly Line[] = [
  {
    name: 'small & slow',
    points: [
      { at: 1, speed: 25 },
      { at: 2, speed: 50 },
      { at: 'auto', speed: 100 },
    ],
  },
]

describe('drawLineChart', () => {
  it('is well-formed whatever the names', () => {
    expect(XMLValidator.validate(drawLineChart(LINES, SETTINGS))).toBe(true)
    expect(XMLValidator.validate(drawLineChart([], SETTINGS))).toBe(true)
  })

  it('puts twice the speed twice as high, and leaves what found its number apart', () => {
    const svg = drawLineChart(LINES, SETTINGS)
    const heights = [...svg.matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, y]) => Number(y))
    const [bottom = 0] = [...svg.matchAll(/class="grid" d="M\d+ ([\d.]+)H/g)].map(([, y]) =>
      Number(y),
    )
    const [one = 0, two = 0, four = 0] = heights.map((y) => bottom - y)
    expect([two / one, four / one]).toEqual([2, 4])
    const [path = ''] = /class="line0" d="M[\d.]+ [\d.]+L[^"]+"/.exec(svg) ?? []
    expect(path.split('L')).toHaveLength(2)
  })

  it('draws what the connections carry', () => {
    const svg = drawLineChart(LINES, SETTINGS)
    const [, limit = ''] =
      /class="limit" d="M\d+ 38h24".*class="limit" d="M([^"]+)"/s.exec(svg) ?? []
    const heights = limit.split('L').map((place) => place.split(' ')[1])
    // 50 and 100 MiB/s, as the second and the third dot.
    const dots = [...svg.matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, y]) => y)
    expect(heights).toEqual(dots.slice(1))
  })
})
