/** A chart of what part-plan.ts decides: object size → part size, memory, requests on the wire. */
import {
  capacityOf,
  DEFAULT_CONCURRENCY,
  MAX_PARTS,
  type PartPlan,
  partSizeAt,
  planParts,
} from '../../src/protocol/part-plan.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** Parts that are held beside those on the wire if no `maxMemory` is given; see resolve-options.ts. */
const SPARE_PARTS = 4

const LEFT = 90
const WIDTH = 760
const PLOT = WIDTH - LEFT - 30
const PANEL = 120
const TOP = 70
const GAP = 44
/** The axis of object sizes, in powers of two: 1 GiB to 2 TiB. */
const FIRST_POWER = 30
const POWERS = 11

/** What an upload of one plan does by the time it has come to some size. */
interface Point {
  readonly size: number
  readonly partSize: number
  readonly memory: number
  readonly inFlight: number
}

interface Curve {
  readonly kind: 'unknown' | 'expected'
  readonly title: string
  readonly points: readonly Point[]
}

interface Panel {
  readonly title: string
  /** From the bottom (0) to the top (1) of the panel. */
  height(point: Point): number
  readonly ticks: readonly (readonly [label: string, height: number])[]
}

/** The first part that is not wholly within the first `size` bytes is the one that matters. */
function pointOf(plan: PartPlan, partNumber: number, size: number): Point {
  const partSize = partSizeAt(partNumber, plan)
  return {
    size,
    partSize,
    memory: Math.min(plan.maxMemory, (DEFAULT_CONCURRENCY + SPARE_PARTS) * partSize),
    inFlight: Math.min(DEFAULT_CONCURRENCY, Math.floor(plan.maxMemory / partSize) - 1),
  }
}

/** A stream of unknown length: two points wherever its parts become larger, and one at its end. */
function unknownLength(): readonly Point[] {
  const plan = planParts({ concurrency: DEFAULT_CONCURRENCY })
  const points = [pointOf(plan, 1, 2 ** FIRST_POWER)]
  let size = 0
  for (let number = 1; number < MAX_PARTS; number++) {
    const partSize = partSizeAt(number, plan)
    size += partSize
    if (partSizeAt(number + 1, plan) === partSize) continue
    points.push(pointOf(plan, number, size), pointOf(plan, number + 1, size))
  }
  return [...points, pointOf(plan, MAX_PARTS, capacityOf(plan))]
}

/** Streams that are as long as they said, each with a plan of its own. */
function expectedLength(): readonly Point[] {
  const steps = POWERS * 16
  const points: Point[] = []
  for (let step = 0; step <= steps; step++) {
    const size = Math.round(2 ** (FIRST_POWER + step / 16))
    try {
      const plan = planParts({ concurrency: DEFAULT_CONCURRENCY, expectedSize: size })
      points.push(pointOf(plan, 1, size))
    } catch {
      break // refused: no plan holds it within the memory
    }
  }
  return points
}

const PANELS: readonly Panel[] = [
  {
    title: 'size of its last parts',
    height: ({ partSize }) => (Math.log2(partSize / MIB) - 3) / 4,
    ticks: [8, 16, 32, 64, 128].map((mib, index) => [`${mib} MiB`, index / 4]),
  },
  {
    title: 'most memory in part buffers',
    height: ({ memory }) => memory / (256 * MIB),
    ticks: [0, 64, 128, 256].map((mib) => [`${mib} MiB`, mib / 256]),
  },
  {
    title: 'most requests on the wire',
    height: ({ inFlight }) => inFlight / 4,
    ticks: [0, 1, 2, 3, 4].map((count) => [String(count), count / 4]),
  },
]

/** Draws the chart, always the same one for the same code. */
export function drawGrowthChart(): string {
  const curves: readonly Curve[] = [
    { kind: 'unknown', title: 'unknown length', points: unknownLength() },
    { kind: 'expected', title: 'with expectedSize', points: expectedLength() },
  ]
  const height = TOP + PANELS.length * (PANEL + GAP) + 10
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Object size, and the part size, memory and requests on the wire that come with it">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: bold }
.grid { stroke: #d0d7de; stroke-width: 1 }
path { fill: none; stroke-width: 2.5 }
.unknown { stroke: #0969da }
.expected { stroke: #bc4c00 }
circle.unknown { fill: #0969da }
circle.expected { fill: #bc4c00 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } }
</style>
<text class="title" x="10" y="20">An object of this size, with the defaults:</text>
${curves.map(({ kind, title }, index) => drawLegend(kind, title, 10 + index * 170)).join('\n')}
${PANELS.map((panel, index) => drawPanel(panel, curves, TOP + index * (PANEL + GAP))).join('\n')}
</svg>
`
}

function drawLegend(kind: string, title: string, x: number): string {
  return `<path class="${kind}" d="M${x} 38h24"/><text x="${x + 30}" y="42">${title}</text>`
}

function drawPanel(panel: Panel, curves: readonly Curve[], top: number): string {
  const y = (share: number) => (top + PANEL * (1 - share)).toFixed(1)
  const grid = panel.ticks.map(
    ([label, share]) =>
      `<path class="grid" d="M${LEFT} ${y(share)}h${PLOT}"/>` +
      `<text x="${LEFT - 8}" y="${Number(y(share)) + 4}" text-anchor="end">${label}</text>`,
  )
  const sizes = Array.from({ length: POWERS + 1 }, (_, power) => {
    const size = 2 ** (FIRST_POWER + power)
    return `<text x="${x(size)}" y="${top + PANEL + 18}" text-anchor="middle">${sizeName(size)}</text>`
  })
  const lines = curves.map(({ kind, points }) => {
    const places = points.map((point) => `${x(point.size)} ${y(panel.height(point))}`)
    const [endX, endY] = (places.at(-1) ?? '').split(' ')
    return (
      `<path class="${kind}" d="M${places.join('L')}"/>` +
      `<circle class="${kind}" cx="${endX}" cy="${endY}" r="4"/>`
    )
  })
  return [
    `<text class="title" x="${LEFT}" y="${top - 9}">${panel.title}</text>`,
    ...grid,
    ...sizes,
    ...lines,
  ].join('\n')
}

function x(size: number): string {
  return (LEFT + (PLOT * (Math.log2(size) - FIRST_POWER)) / POWERS).toFixed(1)
}

function sizeName(size: number): string {
  return size < 1024 * GIB ? `${size / GIB} GiB` : `${size / GIB / 1024} TiB`
}
