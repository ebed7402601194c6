/** What the soak uploads: bytes that a number stands for, as a stream that may break off. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { bytes } from '../helpers/new-upload.js'
import type { Scenario } from './scenario.js'

/** What a broken source fails with. */
export class SourceFailure extends Error {}

export function contentOf({ content, size }: Pick<Scenario, 'content' | 'size'>): Buffer {
  return bytes(size, content)
}

/** What stands at the key before the upload begins. */
export function contentBefore(scenario: Scenario): Buffer | undefined {
  if (scenario.before === 'nothing') return undefined
  return scenario.before === 'equal' ? contentOf(scenario) : Buffer.from(`before ${scenario.key}`)
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** @param onByte is told before each chunk how many have gone before; what it throws breaks the source off */
export function sourceOf(
  content: Buffer,
  chunkSize: number,
  onByte: (offset: number) => void,
): Readable {
  return Readable.from(
    (function* () {
      for (let offset = 0; offset < content.length; offset += chunkSize) {
        onByte(offset)
        yield content.subarray(offset, offset + chunkSize)
      }
      onByte(content.length)
    })(),
    { objectMode: false },
  )
}
