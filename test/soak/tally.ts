/** The counts of a soak, and how they are printed. */

export class Tally {
  uploads = 0
  succeeded = 0
  failedAbsent = 0
  failedPublished = 0
  unknown = 0
  /** Of these: the object stood there in the end. */
  unknownLanded = 0
  /** Failures that said that something was left. */
  saidNotCleaned = 0
  resumed = 0
  kills = 0
  retries = 0
  orphansWithoutParts = 0
  /** Most memory of the process, in bytes. */
  peakRss = 0
  readonly faults = new Map<string, number>()
  /** What went wrong with us: each is a bug. */
  readonly lies: string[] = []

  fault(kind: string, times = 1): void {
    if (times > 0) this.faults.set(kind, (this.faults.get(kind) ?? 0) + times)
  }

  noteMemory(): void {
    this.peakRss = Math.max(this.peakRss, process.memoryUsage.rss())
  }

  /** @param seed with which it can be seen again */
  text(seed: number): string {
    const rows: readonly (readonly [string, number | string])[] = [
      ['seed', seed],
      ['uploads', this.uploads],
      ['succeeded', this.succeeded],
      ['failed, absent', this.failedAbsent],
      ['failed, published', this.failedPublished],
      ['unknown', `${this.unknown} (${this.unknownLanded} of them had landed)`],
      ['said that parts are left', this.saidNotCleaned],
      ['resumed', this.resumed],
      ['processes killed', this.kills],
      ['retries', this.retries],
      ['orphans without parts', this.orphansWithoutParts],
      ['most memory', `${Math.round(this.peakRss / 1024 ** 2)} MiB`],
    ]
    const faults = [...this.faults]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, count]) => `  ${kind}: ${count}`)
    return [
      ...rows.map(([name, value]) => `${name}: ${value}`),
      'faults:',
      ...faults,
      `lies and leaks: ${this.lies.length}`,
      ...this.lies.map((lie) => `  ${lie}`),
    ].join('\n')
  }
}
