/** Runs the clients of a scenario in turns, each run in a process of its own, against one sink. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { runClient, runCurl, Sink } from './processes.js'
import type { Entry, Scenario } from './scenarios.js'
import type { Measurement, Rounds } from './statistics.js'

/**
 * The clients take turns; each round begins with another one. One that fails is left out.
 *
 * @param folder for files and the certificate, kept for the whole benchmark
 */
export async function measure(scenario: Scenario, folder: string): Promise<Rounds> {
  const rounds = new Map<string, Measurement[]>()
  for (const { name } of scenario.entries) rounds.set(name, [])
  const sink = await Sink.start(scenario.sink, folder)
  try {
    for (let round = 0; round < scenario.rounds; round++) {
      for (let turn = 0; turn < scenario.entries.length; turn++) {
        const entry = scenario.entries[(round + turn) % scenario.entries.length]
        const runs = rounds.get(entry?.name ?? '')
        if (entry === undefined || runs === undefined) continue
        showTurn(`${scenario.name}: round ${round + 1}, ${entry.name}`)
        try {
          runs.push(await runOnce(scenario, entry, sink, folder))
        } catch (error) {
          // Ours must not fail. Another that does is out of the running, and the table says so.
          if (entry.module === 'osspipe') throw error
          console.error(`${scenario.name}: ${entry.name} is out`, error)
          rounds.delete(entry.name)
        }
      }
    }
  } finally {
    showTurn('')
    await sink.stop()
  }
  return rounds
}

/** Who is at it, to somebody who watches. */
function showTurn(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

async function runOnce(
  scenario: Scenario,
  entry: Entry,
  sink: Sink,
  folder: string,
): Promise<Measurement> {
  const { endpoint } = sink
  const { partSize, concurrency } = scenario
  const work = { ...scenario.work, ...entry.work }
  const file =
    work.source === 'file' || readsFile(entry) ? await fileOf(work.bytes, folder) : undefined
  const sinkCpuBefore = await sink.reset()
  const { module, options } = entry
  const cost =
    module === 'curl'
      ? await runCurl(`${endpoint}/bucket/object`, file ?? '', folder)
      : await runClient({ ...work, module, options, endpoint, partSize, concurrency, file }, folder)
  const seen = await sink.seen()
  const objects = work.count ?? 1
  const totalBytes = objects * work.bytes
  if (work.work !== 'read' && seen.bytes < totalBytes) {
    throw new Error(`${entry.name} sent ${seen.bytes} bytes of ${totalBytes}`)
  }
  const sinkCpuSeconds = seen.sinkCpuSeconds - sinkCpuBefore
  return { ...cost, ...seen, sinkCpuSeconds, totalBytes, objects }
}

/** Some read nothing but files. */
function readsFile({ module, options }: Entry): boolean {
  return (
    module === 'curl' || options?.method === 'multipartUpload' || options?.method === 'uploadFile'
  )
}

/** A file of so many bytes, there for the whole benchmark. */
async function fileOf(bytes: number, folder: string): Promise<string> {
  const path = join(folder, `file-${bytes}`)
  if (existsSync(path)) return path
  const piece = randomBytes(1024 * 1024)
  const file = await open(path, 'w')
  try {
    for (let left = bytes; left > 0; left -= piece.length) {
      await file.write(piece, 0, Math.min(left, piece.length))
    }
  } finally {
    await file.close()
  }
  return path
}
