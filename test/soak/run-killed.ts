/** One upload of the soak by real processes: killed with SIGKILL, and gone on with by the next. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OssServer } from '../../src/server/server.js'
import type { Claim } from './ledger.js'
import { TIMEOUTS, type Told } from './run-upload.js'
import { type Kill, PART, type Scenario } from './scenario.js'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))

/** What a process said before it ended, and whether it went on with an earlier one's upload. */
export type ProcessTold = Told & { readonly claim: Claim; readonly resumed: boolean }

export class KilledUpload {
  readonly #server: OssServer
  readonly #endpoint: string
  readonly #scenario: Scenario
  readonly #path: string
  readonly #checkpoint: string

  constructor(server: OssServer, endpoint: string, scenario: Scenario, folder: string) {
    this.#server = server
    this.#endpoint = endpoint
    this.#scenario = scenario
    this.#path = join(folder, `${scenario.index}.input`)
    this.#checkpoint = join(folder, `${scenario.index}.checkpoint`)
  }

  prepare(content: Buffer): Promise<void> {
    return writeFile(this.#path, content)
  }

  async dispose(): Promise<void> {
    for (const path of [this.#path, this.#checkpoint]) await rm(path, { force: true })
  }

  /**
   * What the process said; `undefined` if it was killed before it could.
   * @param isPatient nothing is to disturb it any more, so that it has to succeed on a busy machine, too
   */
  async run(kill: Kill | undefined, isPatient: boolean): Promise<ProcessTold | undefined> {
    const { key } = this.#scenario
    const child = this.#start(isPatient)
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const fault =
      kill && this.#server.faults.add({ ...kill, key }, { delayMs: 1 + (kill.skip % 20) })
    const ended = once(child, 'close')
    await Promise.race([ended, ...(fault === undefined ? [] : [fault.reached()])])
    if (fault !== undefined && fault.hits > 0) child.kill('SIGKILL')
    await ended
    if (fault !== undefined) this.#server.faults.remove(fault)
    if (child.signalCode === 'SIGKILL' && output === '') return undefined
    // Nothing else may end it: not an error that nobody caught, nor a loop that ran empty.
    if (child.signalCode === null && child.exitCode !== 0) {
      throw new Error(`A process has ended with ${child.exitCode}`)
    }
    return JSON.parse(output)
  }

  #start(isPatient: boolean): ChildProcess {
    const { key, integrity, concurrency, maxAttempts, content } = this.#scenario
    const options = {
      ...this.#server.options(),
      endpoint: this.#endpoint,
      partSize: PART,
      integrity,
      concurrency,
      ...(!isPatient && {
        retry: { maxAttempts, baseDelayMs: 4, maxDelayMs: 20 },
        timeouts: TIMEOUTS,
      }),
    }
    const way = content % 2 === 0 ? 'seek' : 'read'
    const args = [CHILD, this.#path, this.#checkpoint, key, way, JSON.stringify(options)]
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  }
}
