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
      if (typeof encoding === 'string') return super.write(chunk, encoding, callback)
      return super.write(chunk, encoding ?? callback)
    } catch (error) {
      this.destroy(asError(error))
      throw error
    }
  }
}

export class StrictTransform extends Transform {
  /**
   * As Node's. A chunk of a wrong type also destroys the stream: up to Node 22 `pipe()` goes on after
   * that error, and what is passed on would have a hole where the chunk should be.
   */
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    try {
      if (typeof encoding === 'string') return super.write(chunk, encoding, callback)
      return super.write(chunk, encoding ?? callback)
    } catch (error) {
      this.destroy(asError(error))
      throw error
    }
  }
}
