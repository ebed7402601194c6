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
    return writeOrDestroy(this, super.write, chunk, encoding, callback)
  }
}

export class StrictTransform extends Transform {
  /** As that of StrictWritable: what is passed on would have a hole where the chunk should be. */
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    return writeOrDestroy(this, super.write, chunk, encoding, callback)
  }
}

type Encoding = BufferEncoding | WriteCallback | undefined

/** Both overloads of Node's `write` in one: it takes a callback in place of an encoding. */
interface Writing {
  write(chunk: unknown, encoding: Encoding, callback: WriteCallback | undefined): boolean
}

function writeOrDestroy(
  stream: Writable,
  write: Writing['write'],
  chunk: unknown,
  encoding: Encoding,
  callback: WriteCallback | undefined,
): boolean {
  try {
    return write.call(stream, chunk, encoding, callback)
  } catch (error) {
    stream.destroy(asError(error))
    throw error
  }
}
