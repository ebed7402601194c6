/** A chart of speed over requests at once as SVG: a line for each part size, on paper of either colour. */
import { escapeXml } from './chart.js'

export interface Line {
  readonly name: string
  /** MiB/s by requests at once, in their order; the last may be of a number found by itself. */
  readonly points: readonly { readonly at: number | 'auto'; readonly speed: number }[]
}

export interface LineChartSettings {
  readonly title: string
  /** What is in it, for those who do not see it. */
  readonly alt: string
  readonly note: string
  /** What one connection carries at most, in MiB/s: so many times more is the end. */
  readonly speedOfOne: number
}

const WIDTH = 760
const LEFT = 60
const RIGHT = 40
const TOP = 76
const PLOT = 230
const BOTTOM = 62

/** Draws numbers of requests at equal distances, and what found its number apart from them. */
export function drawLineChart(lines: readonly Line[], settings: LineChartSettings): string {
  const { title, alt, note, speedOfOne } = settings
  const places = [...new Set(lines.flatMap(({ points }) => points.map(({ at }) => at)))]
  const fixed = places.filter((at) => at !== 'auto')
  const fastest = Math.max(
    ...lines.flatMap(({ points }) => points.map(({ speed }) => speed)),
    ...fixed.map((at) => at * speedOfOne),
    1,
  )
  const step = stepFor(fastest)
  const top = Math.ceil(fastest / step) * step
  const x = (at: number | 'auto') =>
    LEFT + ((WIDTH - LEFT - RIGHT) * (places.indexOf(at) + 0.5)) / places.length
  const y = (speed: number) => Number((TOP + PLOT * (1 - speed / top)).toFixed(1))
  const grid = Array.from({ length: top / step + 1 }, (_, index) => {
    const line = `<path class="grid" d="M${LEFT} ${y(index * step)}H${WIDTH - RIGHT}"/>`
    return `${line}<text x="${LEFT - 8}" y="${y(index * step) + 4}" text-anchor="end">${index * step}</text>`
  })
  const names = places.map(
    (at) => `<text x="${x(at)}" y="${TOP + PLOT + 20}" text-anchor="middle">${at}</text>`,
  )
  const limit = fixed.map((at) => `${x(at)} ${y(at * speedOfOne)}`)
  const drawn = lines.map(({ points }, index) => {
    const sorted = points.map(({ at, speed }) => ({ at, place: `${x(at)} ${y(speed)}` }))
    const path = sorted.filter(({ at }) => at !== 'auto').map(({ place }) => place)
    const dots = sorted.map(({ place }) => {
      const [cx, cy] = place.split(' ')
      return `<circle class="dot${index}" cx="${cx}" cy="${cy}" r="4"/>`
    })
    return `<path class="line${index}" d="M${path.join('L')}"/>${dots.join('')}`
  })
  const height = TOP + PLOT + BOTTOM
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(alt)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.bold { font-size: 13px; font-weight: bold }
.small { font-size: 11px }
path { fill: none; stroke-width: 2.5 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.limit { stroke: #6e7781; stroke-width: 1.5; stroke-dasharray: 2 4 }
.line0 { stroke: #bc4c00; stroke-dasharray: 2 3 }
.line1 { stroke: #0969da }
.line2 { stroke: #1a7f37; stroke-dasharray: 8 4 }
.dot0 { fill: #bc4c00 }
.dot1 { fill: #0969da }
.dot2 { fill: #1a7f37 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .limit { stroke: #8b949e } .line0 { stroke: #f0883e } .dot0 { fill: #f0883e } .line1 { stroke: #4493f8 } .dot1 { fill: #4493f8 } .line2 { stroke: #3fb950 } .dot2 { fill: #3fb950 } }
</style>
<text class="bold" x="10" y="20">${escapeXml(title)}</text>
${lines.map(({ name }, index) => drawLegend(`line${index}`, name, 10 + index * 150)).join('\n')}
${drawLegend('limit', 'all that these connections carry', 10 + lines.length * 150)}
<text class="small" x="${LEFT}" y="${TOP - 12}">MiB/s</text>
${[...grid, ...names].join('\n')}
<text class="small" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${TOP + PLOT + 36}" text-anchor="middle">requests at once</text>
<path class="limit" d="M${limit.join('L')}"/>
${drawn.join('\n')}
<text class="small" x="10" y="${height - 10}">${escapeXml(note)}</text>
</svg>
`
}

function drawLegend(kind: string, name: string, x: number): string {
  return `<path class="${kind}" d="M${x} 38h24"/><text x="${x + 30}" y="42">${escapeXml(name)}</text>`
}

/** A round number that divides the axis into three to eight. */
function stepFor(top: number): number {
  const wanted = top / 8
  const power = 10 ** Math.floor(Math.log10(wanted))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= wanted) ?? wanted
}
