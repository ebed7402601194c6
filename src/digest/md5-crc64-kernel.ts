/**
 * MD5 and CRC-64 of four messages in one pass. The steps of MD5 wait for one another and leave half
 * of the processor idle; what takes 16 bytes out of the CRC, done after every fourth step, fits in there.
 * `md5crc64x4(state, p0, p1, p2, p3, blocks, lanes)` does what `md5x4` does, and `crc64` with each lane.
 */
import { crc64Fold } from './crc64-fold.js'
import { CRC64_STATE, LANES } from './layout.js'
import { loadMd5, md5Block, md5Params, md5Registers, storeMd5 } from './md5-kernel.js'
import { call, type FunctionSource, get } from './wasm-emitter.js'

/** @param md5x4 index of that function in the module */
export function md5Crc64Kernel(md5x4: number): FunctionSource {
  return {
    name: 'md5crc64x4',
    params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    body: (params, local) => {
      const { state, pointers, blocks, lanes } = md5Params(params)
      const registers = md5Registers(pointers, local)
      const rest = [state, ...pointers, blocks, lanes].map(get)
      const fold = crc64Fold(
        {
          pointers,
          blocks,
          state,
          offset: CRC64_STATE,
          lanes,
          block: (take) =>
            md5Block(registers, (step) => {
              const turn = step >> 2
              return step % 4 === 3 ? take(turn % LANES, Math.floor(turn / LANES)) : []
            }),
          beforeRest: [storeMd5(registers, state, lanes), call(md5x4, rest)],
        },
        local,
      )
      return [loadMd5(registers, state), fold]
    },
  }
}
