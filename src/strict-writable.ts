/** Node's Writable and Transform, but for one thing: a chunk of a wrong type ends them for good on every line of Node. */
import { Transform, Writable } from 'node:stream'
import { asError } from './errors.js'

type WriteCallback = (error: Error | null | undefined) => void

export class StrictWritable extends Writable {
  /**
   * As Node's. A chunk of a wrong type also destroys the stream: up to Node 22 `pipe()` goes on after
   * that error, and would publish an object with a hole where the chunk should be.
   */
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    try {
      // Both overloads in one: Node looks for a callback in its place.
      return super.write(chunk, encoding as BufferEncoding, callback)
    } catch (error) {
      throw endedBy(this, error)
    }
  }
}

export class StrictTransform extends Transform {
  /** As that of StrictWritable: what is passed on would have a hole where the chunk should be. */
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    try {
      return super.write(chunk, encoding as BufferEncoding, callback)
    } catch (error) {
      throw endedBy(this, error)
    }
  }
}

/** Called where it is thrown only, not around each write: that would cost a small chunk a tenth of its time. */
function endedBy(stream: Writable, thrown: unknown): unknown {
  stream.destroy(asError(thrown))
  return thrown
}
