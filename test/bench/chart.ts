/** A bar chart as SVG: two bars a client, CPU and wall time a GiB, on paper of either colour. */

export interface Bar {
  readonly name: string
  readonly cpu: number
  readonly wall: number
}

export interface ChartSettings {
  readonly title: string
  /** What is in it, for those who do not see it. */
  readonly alt: string
  /** Under the chart: the machine, the date. */
  readonly note: string
}

const WIDTH = 760
const LEFT = 210
const RIGHT = 70
const TOP = 56
const ROW = 40
const BAR = 13

/** Draws the bars from top to bottom as they come. */
export function drawChart(bars: readonly Bar[], { title, alt, note }: ChartSettings): string {
  const longest = Math.max(...bars.flatMap(({ cpu, wall }) => [cpu, wall]), Number.MIN_VALUE)
  const scale = (WIDTH - LEFT - RIGHT) / longest
  const height = TOP + ROW * bars.length + 34
  const rows = bars.map(({ name, cpu, wall }, index) => {
    const y = TOP + ROW * index
    const weight = name.startsWith('osspipe') ? ' class="bold"' : ''
    return [
      `<text x="${LEFT - 10}" y="${y + BAR + 4}" text-anchor="end"${weight}>${escapeXml(name)}</text>`,
      drawBar('cpu', y, cpu, scale),
      drawBar('wall', y + BAR + 2, wall, scale),
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(alt)}">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.bold { font-weight: bold }
.small { font-size: 11px }
.cpu { fill: #0969da }
.wall { fill: #afb8c1 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .cpu { fill: #4493f8 } .wall { fill: #6e7681 } }
</style>
<text class="bold" x="10" y="20">${escapeXml(title)}</text>
<rect class="cpu" x="10" y="30" width="10" height="10"/><text class="small" x="25" y="39">CPU seconds a GiB</text>
<rect class="wall" x="150" y="30" width="10" height="10"/><text class="small" x="165" y="39">wall seconds a GiB</text>
${rows.join('\n')}
<text class="small" x="10" y="${height - 12}">${escapeXml(note)}</text>
</svg>
`
}

function drawBar(kind: string, y: number, value: number, scale: number): string {
  const width = Math.max(1, value * scale).toFixed(1)
  const label = LEFT + Number(width) + 6
  return `<rect class="${kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}"/><text class="small" x="${label}" y="${y + BAR - 2}">${value.toFixed(2)}</text>`
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
