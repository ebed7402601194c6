/**
 * The least that a sink could do, in a process of its own: MD5, CRC-64 and a plain write of every
 * byte, in chunks as a socket gives them. No network, no HTTP, no fsync. Prints its CPU seconds.
 */

import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createCrc64, createMd5 } from '../../dist/protocol/digest.js'

const CHUNK_SIZE = 64 * 1024
const [, , folder = '', parts = '', partSize = ''] = process.argv
const body = randomBytes(Number(partSize))

store('warm-up')
rmSync(join(folder, 'warm-up'))
const start = process.cpuUsage()
for (let number = 0; number < Number(parts); number += 1) store(`part-${number}`)
const { user, system } = process.cpuUsage(start)
process.stdout.write(`${(user + system) / 1e6}\n`)

function store(name) {
  const md5 = createMd5()
  const crc64 = createCrc64()
  const file = openSync(join(folder, name), 'wx')
  for (let at = 0; at < body.length; at += CHUNK_SIZE) {
    const chunk = body.subarray(at, at + CHUNK_SIZE)
    md5.update(chunk)
    crc64.update(chunk)
    writeSync(file, chunk)
  }
  closeSync(file)
  md5.digest()
  crc64.digest()
}
