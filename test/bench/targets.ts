/** What was promised, as ratios within one run, and whether a run keeps it. */
import { type Quantity, type Rounds, ratio } from './statistics.js'

export interface Target {
  readonly scenario: string
  readonly text: string
  readonly quantity: Quantity
  readonly name: string
  readonly base: string
  readonly limit: number
}

export interface Judgement extends Target {
  readonly value: number
  readonly isMet: boolean
}

function target(
  scenario: string,
  text: string,
  ratioOf: readonly [Quantity, name: string, base: string],
  limit: number,
): Target {
  const [quantity, name, base] = ratioOf
  return { scenario, text, quantity, name, base, limit }
}

const LIB = 'lib-storage'

/** Of our own: the way back, verified, costs no more than the way there, nor than a peer that does not verify. */
function readingTargets(scenario: string): Target[] {
  const where = scenario === 'read' ? '' : ', 30 ms, 60 MB/s'
  return [
    ['writing', 'osspipe, writing'],
    ['ali-oss getStream', 'ali-oss getStream'],
  ].flatMap(([text, base = '']) => [
    target(scenario, `CPU of reading / ${text}${where}`, ['cpuSeconds', 'osspipe', base], 1),
    target(scenario, `wall of reading / ${text}${where}`, ['wallSeconds', 'osspipe', base], 1),
  ])
}

export const TARGETS: readonly Target[] = [
  target('http', 'CPU / lib-storage', ['cpuSeconds', 'osspipe', LIB], 0.45),
  target('http', 'wall / lib-storage, worker', ['wallSeconds', 'osspipe worker', LIB], 0.4),
  target('http', 'wall / lib-storage, inline', ['wallSeconds', 'osspipe inline', LIB], 0.55),
  target('http', 'CPU / lib-storage, md5+crc64', ['cpuSeconds', 'osspipe md5+crc64', LIB], 0.6),
  target('tls', 'CPU / lib-storage, TLS', ['cpuSeconds', 'osspipe', LIB], 0.58),
  target('wan', 'CPU / lib-storage, 30 ms, 60 MB/s', ['cpuSeconds', 'osspipe', LIB], 0.5),
  target('wan', 'wall / lib-storage, 30 ms, 60 MB/s', ['wallSeconds', 'osspipe', LIB], 0.75),
  target(
    'http',
    'CPU / ali-oss multipartUpload of a file',
    ['cpuSeconds', 'osspipe', 'ali-oss multipartUpload'],
    1,
  ),
  target(
    'file',
    'CPU of uploadFile / ali-oss multipartUpload',
    ['cpuSeconds', 'osspipe uploadFile', 'ali-oss multipartUpload'],
    1,
  ),
  target('http', 'CPU / undici floor', ['cpuSeconds', 'osspipe', 'undici floor'], 2.4),
  target(
    'long',
    'peak RSS, 20 GiB / 2 GiB',
    ['peakRssMiB', 'osspipe 20 GiB', 'osspipe 2 GiB'],
    1.05,
  ),
  target('http', 'peak RSS / lib-storage', ['peakRssMiB', 'osspipe', LIB], 1),
  target('http', 'event-loop p99 / lib-storage', ['loopP99Ms', 'osspipe', LIB], 0.4),
  target(
    'writes',
    'CPU, 1 KiB writes / 64 KiB writes',
    ['cpuSeconds', 'osspipe 1 KiB', 'osspipe 64 KiB'],
    1.5,
  ),
  target(
    'small',
    'wall / ali-oss put, 10 KiB objects',
    ['wallSeconds', 'osspipe', 'ali-oss put'],
    1 / 1.5,
  ),
  target(
    'small',
    'CPU / ali-oss put, 10 KiB objects',
    ['cpuSeconds', 'osspipe', 'ali-oss put'],
    0.7,
  ),
  target(
    'first',
    'wall, first 1 MiB of a process / hashing inline',
    ['wallSeconds', 'osspipe', 'osspipe inline'],
    1.1,
  ),
  ...['read', 'read-wan'].flatMap(readingTargets),
]

/** The targets of which the rounds tell. */
export function judge(
  results: ReadonlyMap<string, Rounds>,
  targets: readonly Target[] = TARGETS,
): Judgement[] {
  return targets.flatMap((wanted) => {
    const rounds = results.get(wanted.scenario)
    if (rounds === undefined) return []
    const value = ratio(rounds, wanted.quantity, wanted.name, wanted.base)
    return [{ ...wanted, value, isMet: value <= wanted.limit }]
  })
}
