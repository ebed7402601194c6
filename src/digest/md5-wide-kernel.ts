/**
 * MD5 of eight messages at once, as two times four: the steps of one four fill the time in which those
 * of the other wait for one another, and all take little more time than four do. `md5x8` takes the
 * arguments of `md5x4` twice, with as many blocks.
 */
import { LANES } from './layout.js'
import { loadMd5, md5Params, md5Parts, md5Registers, md5x4, storeMd5 } from './md5-kernel.js'
import {
  type FunctionSource,
  get,
  i32,
  scratchAddress,
  set,
  v128,
  whileTrue,
} from './wasm-emitter.js'

export const md5x8: FunctionSource = {
  name: 'md5x8',
  params: [...md5x4.params, ...md5x4.params],
  body: (params, local) => {
    const { length } = md5x4.params
    const fours = [params.slice(0, length), params.slice(length)].map((own, index) => {
      const named = md5Params(own)
      const registers = md5Registers(named.pointers, local)
      return { ...named, registers, parts: md5Parts(registers), anchor: 16 * index }
    })
    const pointers = fours.flatMap((four) => four.pointers)
    const { blocks } = md5Params(params)
    const steps = Array.from({ length: 64 }, (_, i) =>
      fours.map(({ parts, registers, anchor }) => {
        const [, newest] = registers.working
        const isAnchored = i % LANES === LANES - 1 && newest !== undefined
        // The engine puts what has no effect next to where it is used, which is behind the block: first
        // all steps of one four, then all of the other. What is stored must have been computed.
        const effect = isAnchored ? v128.store(scratchAddress, get(newest), anchor) : []
        return [parts.steps[i] ?? [], effect]
      }),
    )
    return [
      fours.map(({ registers, state }) => loadMd5(registers, state)),
      whileTrue(get(blocks), [
        fours.map(({ parts }) => parts.begin),
        steps,
        fours.map(({ parts }) => parts.end),
        pointers.map((pointer) => set(pointer, i32.add(get(pointer), i32.const(64)))),
        set(blocks, i32.sub(get(blocks), i32.const(1))),
      ]),
      fours.map(({ registers, state, lanes }) => storeMd5(registers, state, lanes)),
    ]
  },
}
