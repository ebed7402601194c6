/**
 * MD5 of five messages at once: four as `md5x4` does, and one in ordinary registers, whose steps fill the
 * time in which those of the four wait for one another. All five take as long as four do. `md5x5` takes
 * the arguments of `md5x4`, then the state whose first lane is the fifth message's, and its address.
 */
import { MD5_STATE } from './layout.js'
import {
  loadMd5,
  md5Constants,
  md5Params,
  md5Parts,
  md5Registers,
  md5Steps,
  md5x4,
  storeMd5,
} from './md5-kernel.js'
import {
  type Code,
  type FunctionSource,
  get,
  i32,
  type Local,
  type NewLocal,
  scratchAddress,
  set,
  v128,
  whileTrue,
} from './wasm-emitter.js'

/** Bytes after the four's at the scratch address. */
const ANCHOR = 16

export const md5x5: FunctionSource = {
  name: 'md5x5',
  params: [...md5x4.params, 'i32', 'i32'],
  body: (params, local) => {
    const { state, pointers, blocks, lanes } = md5Params(params)
    const [fifthState, fifth] = params.slice(md5x4.params.length)
    if (fifthState === undefined || fifth === undefined) throw new RangeError('No fifth message')
    const registers = md5Registers(pointers, local)
    const four = md5Parts(registers)
    const one = newMessage(fifth, local)
    const anchors = [
      registers.working.slice(1, 2).map((newest) => v128.store(scratchAddress, get(newest))),
      one.working.slice(1, 2).map((newest) => i32.store(scratchAddress, get(newest), ANCHOR)),
    ]
    const steps = four.steps.map((step, i) => {
      // As in `md5x8`: what is stored has been computed, else one comes behind the other.
      const isAnchored = i % 4 === 3
      return [step, one.steps[i] ?? [], isAnchored ? anchors : []]
    })
    return [
      loadMd5(registers, state),
      one.sums.map((sum, i) => set(sum, i32.load(get(fifthState), MD5_STATE + 16 * i))),
      whileTrue(get(blocks), [
        [four.begin, one.begin],
        steps,
        [four.end, one.end],
        [...pointers, fifth].map((pointer) => set(pointer, i32.add(get(pointer), i32.const(64)))),
        set(blocks, i32.sub(get(blocks), i32.const(1))),
      ]),
      storeMd5(registers, state, lanes),
      one.sums.map((sum, i) => i32.store(get(fifthState), get(sum), MD5_STATE + 16 * i)),
    ]
  },
}

/** A message in ordinary registers, but for its words: those are read where they lie. */
function newMessage(
  pointer: Local,
  local: NewLocal,
): {
  readonly sums: readonly Local[]
  readonly working: readonly Local[]
  readonly begin: Code
  readonly steps: readonly Code[]
  readonly end: Code
} {
  const pairs = Array.from({ length: 4 }, () => ({ sum: local('i32'), word: local('i32') }))
  const working = pairs.map(({ word }) => word)
  const constants = md5Constants()
  return {
    sums: pairs.map(({ sum }) => sum),
    working,
    begin: pairs.map(({ sum, word }) => set(word, get(sum))),
    steps: md5Steps(working, i32, {
      word: (index) => i32.load(get(pointer), 4 * index),
      constant: (step) => i32.const((constants[step] ?? 0) | 0),
    }),
    end: pairs.map(({ sum, word }) => set(sum, i32.add(get(sum), get(word)))),
  }
}
