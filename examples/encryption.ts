/**
 * Encryption for backups, and its way back: AES-256-GCM in chunks, so that bytes of any length are authenticated
 * while they pass, and none is released that is not. Built of node:crypto alone; copy it, or use age or GnuPG.
 *
 * File   = magic "OSSPENC1" · salt (32 random bytes) · chunk 0 · chunk 1 · … · last chunk
 * Chunk  = ciphertext of 65,536 bytes (the last: 1 to 65,536, or 0 of an empty file) · GCM tag (16 bytes)
 * Key    = HKDF-SHA-256(key file, salt, "osspipe encryption 1"): another one for each file
 * Nonce  = number of the chunk (11 bytes, big-endian) · 1 for the last chunk, else 0
 *
 * The number makes swapped, repeated and missing chunks fail, the flag a file that was cut or continued. This is the
 * STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption, 2015).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Transform } from 'node:stream'

const MAGIC = Buffer.from('OSSPENC1', 'latin1')
const SALT_SIZE = 32
const HEADER_SIZE = MAGIC.length + SALT_SIZE
const CHUNK_SIZE = 64 * 1024
const TAG_SIZE = 16

/** Reads a key file of 64 hexadecimal digits, as `openssl rand -hex 32 > backup.key` makes one. */
export async function readKeyFile(path: string): Promise<Buffer> {
  const text = (await readFile(path, 'latin1')).trim()
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error(`${path} is no key: expected 64 hex digits`)
  return Buffer.from(text, 'hex')
}

/** A Transform from plain bytes to a file of the format above. */
export function createEncryption(key: Buffer): Transform {
  const salt = randomBytes(SALT_SIZE)
  const fileKey = keyOf(key, salt)
  return inChunks(CHUNK_SIZE, {
    begin: () => Buffer.concat([MAGIC, salt]),
    chunk(plain, number, isLast) {
      const cipher = createCipheriv('aes-256-gcm', fileKey, nonceOf(number, isLast))
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
  })
}

/** The way back. Fails at the first chunk that is not as it was written, before any byte of it is released. */
export function createDecryption(key: Buffer): Transform {
  let fileKey: Buffer | undefined
  return inChunks(CHUNK_SIZE + TAG_SIZE, {
    headerSize: HEADER_SIZE,
    header(header) {
      if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('Not an encrypted file')
      fileKey = keyOf(key, header.subarray(MAGIC.length))
    },
    chunk(sealed, number, isLast) {
      if (fileKey === undefined || sealed.length < TAG_SIZE) throw damaged(number)
      // Only an empty file has an empty chunk.
      if (sealed.length === TAG_SIZE && number > 0) throw damaged(number)
      const nonce = nonceOf(number, isLast)
      const decipher = createDecipheriv('aes-256-gcm', fileKey, nonce, { authTagLength: TAG_SIZE })
      decipher.setAuthTag(sealed.subarray(-TAG_SIZE))
      const plain = decipher.update(sealed.subarray(0, -TAG_SIZE))
      try {
        decipher.final()
      } catch {
        plain.fill(0)
        throw damaged(number)
      }
      return plain
    },
  })
}

function damaged(number: number): Error {
  return new Error(`Chunk ${number} is damaged, cut off or out of place, or the key is another one`)
}

function keyOf(key: Buffer, salt: Buffer): Buffer {
  if (key.length !== 32) throw new RangeError(`Expected a key of 32 bytes, got ${key.length}`)
  return Buffer.from(hkdfSync('sha256', key, salt, 'osspipe encryption 1', 32))
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

interface ChunkWork {
  /** What goes out before all else. */
  begin?(): Buffer
  /** So many bytes come in before all else, and are looked at first. */
  readonly headerSize?: number
  header?(header: Buffer): void
  /** What comes of a chunk; all but the last are of full size. */
  chunk(bytes: Buffer, number: number, isLast: boolean): Buffer
}

/** Gathers chunks of `size`; a full one goes on when another byte comes, since until then it may be the last. */
function inChunks(size: number, work: ChunkWork): Transform {
  let held: Buffer = Buffer.alloc(0)
  let number = 0
  let header = work.headerSize ?? 0
  let hasBegun = false
  const take = (length: number) => {
    const bytes = held.subarray(0, length)
    held = held.subarray(length)
    return bytes
  }
  const go = (stream: Transform, isEnd: boolean) => {
    if (!hasBegun && work.begin !== undefined) stream.push(work.begin())
    hasBegun = true
    if (header > 0) {
      if (held.length < header && !isEnd) return
      work.header?.(take(header))
      header = 0
    }
    while (held.length > size) stream.push(work.chunk(take(size), number++, false))
    if (isEnd) stream.push(work.chunk(take(size), number, true))
  }
  return new Transform({
    transform(bytes: Buffer, _encoding, callback) {
      // A copy: whoever wrote the bytes may use their buffer again.
      held = Buffer.concat([held, bytes])
      attempt(() => go(this, false), callback)
    },
    flush(callback) {
      attempt(() => go(this, true), callback)
    },
  })
}

function attempt(work: () => void, callback: (error?: Error) => void): void {
  try {
    work()
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)))
    return
  }
  callback()
}
