/**
 * A WebAssembly assembler as small as the kernels need. Instructions are functions that return
 * code, so that a kernel is read as the expression it computes and nothing binary lies in the tree.
 * Checks no types: the engine does when it compiles. Opcodes as in the core specification, §5.4.
 */

/** Instructions, encoded: bytes in order, nested as the expressions are. */
export type Code = readonly (number | Code)[]

/** Types of parameters and locals. */
export type ValueType = 'i32' | 'i64' | 'v128'

/** A local variable or parameter of a function. */
export interface Local {
  readonly index: number
  readonly type: ValueType
}

/** A function that is exported under `name`. It returns nothing: results stay in memory. */
export interface FunctionSource {
  readonly name: string
  readonly params: readonly ValueType[]
  /** Writes the body. `local` declares another variable, which starts as zero. */
  body(params: readonly Local[], local: NewLocal): Code
}

export type NewLocal = (type: ValueType) => Local

/** Most pages a memory can have, 4 GiB. */
export const MAX_PAGES = 65536

/** Kinds of memory, as its limits begin: with a maximum, and with that shared between threads. */
const MEMORY_KINDS = { own: 1, shared: 3 } as const

/**
 * Returns a module that exports `functions`, which work on the memory `env.memory`; in it, at
 * the address `env.scratch`, is room that no other instance uses.
 */
export function emitModule(
  functions: readonly FunctionSource[],
  kind: keyof typeof MEMORY_KINDS = 'shared',
): Uint8Array {
  const memory = [text('env'), text('memory'), 2, MEMORY_KINDS[kind], 1, unsigned(MAX_PAGES)]
  const scratch = [text('env'), text('scratch'), 3, valueType('i32'), 0]
  const types = functions.map(({ params }) => [0x60, list(params.map(valueType)), 0])
  const indices = functions.map((_, index) => unsigned(index))
  const exports = functions.map(({ name }, index) => [text(name), 0, unsigned(index)])
  return Uint8Array.from(
    flat([
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      [section(1, types), section(2, [memory, scratch]), section(3, indices)],
      [section(7, exports), section(10, functions.map(functionBody))],
    ]),
  )
}

export const get = (local: Local): Code => [0x20, unsigned(local.index)]
export const set = (local: Local, value: Code): Code => [value, 0x21, unsigned(local.index)]
/** Sets the local and goes on with its value. */
export const tee = (local: Local, value: Code): Code => [value, 0x22, unsigned(local.index)]
/** Does `body` as long as `condition`, asked before each turn, is not zero. */
export const whileTrue = (condition: Code, body: Code): Code => {
  const leaveIfZero = [0x45, 0x0d, 1]
  return [0x02, 0x40, 0x03, 0x40, condition, leaveIfZero, body, 0x0c, 0, 0x0b, 0x0b]
}
/** The first of two values if `condition` is not zero, else the second. */
export const choose = (a: Code, b: Code, condition: Code): Code => [a, b, condition, 0x1b]
/** Calls the function that stands at `index` in the module. */
export const call = (index: number, args: readonly Code[]): Code => [args, 0x10, unsigned(index)]
/** Address of the scratch room. */
export const scratchAddress: Code = [0x23, 0]
/** Writes zeros over `size` bytes. */
export const clear = (address: Code, size: Code): Code => [address, i32.const(0), size, 0xfc, 11, 0]
/** Moves `size` bytes, which may overlap. */
export const move = (to: Code, from: Code, size: Code): Code => [to, from, size, 0xfc, 10, 0, 0]

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  load: loadBy(0x28),
  store: storeBy(0x36),
  add: (a: Code, b: Code): Code => [a, b, 0x6a],
  sub: (a: Code, b: Code): Code => [a, b, 0x6b],
  not: (a: Code): Code => i32.xor(a, i32.const(-1)),
  and: (a: Code, b: Code): Code => [a, b, 0x71],
  /** Bits of `a` that are not in `b`. */
  andNot: (a: Code, b: Code): Code => i32.and(a, i32.not(b)),
  or: (a: Code, b: Code): Code => [a, b, 0x72],
  xor: (a: Code, b: Code): Code => [a, b, 0x73],
  rotate: (a: Code, count: number): Code => [a, i32.const(count), 0x77],
  /** 1 if `a`, taken as not negative, is greater than `b`, else 0. */
  isGreater: (a: Code, b: Code): Code => [a, b, 0x4b],
  shl: (a: Code, count: number): Code => [a, i32.const(count), 0x74],
  shr: (a: Code, count: number): Code => [a, i32.const(count), 0x76],
  /** The low half of an i64. */
  wrap: (a: Code): Code => [a, 0xa7],
}

export const i64 = {
  load: loadBy(0x29),
  store: storeBy(0x37),
  xor: (a: Code, b: Code): Code => [a, b, 0x85],
  shr: (a: Code, count: number): Code => [a, 0x42, signed(count), 0x88],
}

export const v128 = {
  load: loadBy(0xfd, 0),
  store: storeBy(0xfd, 11),
  not: (a: Code): Code => [a, 0xfd, 77],
  and: (a: Code, b: Code): Code => [a, b, 0xfd, 78],
  /** Bits of `a` that are not in `b`. */
  andNot: (a: Code, b: Code): Code => [a, b, 0xfd, 79],
  or: (a: Code, b: Code): Code => [a, b, 0xfd, 80],
  xor: (a: Code, b: Code): Code => [a, b, 0xfd, 81],
  /** Bits of `a` where `mask` is set, of `b` where it is not. */
  select: (a: Code, b: Code, mask: Code): Code => [a, b, mask, 0xfd, 82],
  /** Four 32-bit words: 0 to 3 are those of `a`, 4 to 7 those of `b`. */
  pick: (a: Code, b: Code, words: readonly number[]): Code => [
    a,
    b,
    0xfd,
    13,
    words.map((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]),
  ],
}

export const i32x4 = {
  add: (a: Code, b: Code): Code => [a, b, 0xfd, 0xae, 1],
  shl: (a: Code, count: number): Code => [a, i32.const(count), 0xfd, 0xab, 1],
  shr: (a: Code, count: number): Code => [a, i32.const(count), 0xfd, 0xad, 1],
}

/** Loads from an address plus an offset, aligned or not. */
function loadBy(...opcode: readonly number[]) {
  return (address: Code, offset = 0): Code => [address, opcode, 0, unsigned(offset)]
}

/** Stores a value at an address plus an offset, aligned or not. */
function storeBy(...opcode: readonly number[]) {
  return (address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    opcode,
    0,
    unsigned(offset),
  ]
}

function functionBody({ params, body }: FunctionSource): Code {
  const locals: Local[] = params.map((type, index) => ({ index, type }))
  const code = body(locals.slice(), (type) => {
    const local = { index: locals.length, type }
    locals.push(local)
    return local
  })
  const declared = locals.slice(params.length).map(({ type }) => [1, valueType(type)])
  return sized([list(declared), code, 0x0b])
}

function valueType(type: ValueType): number {
  return { i32: 0x7f, i64: 0x7e, v128: 0x7b }[type]
}

function section(id: number, entries: Code): Code {
  return [id, sized([list(entries)])]
}

function list(items: Code): Code {
  return [unsigned(items.length), items]
}

function text(value: string): Code {
  return list([...Buffer.from(value)])
}

function sized(code: Code): Code {
  const bytes = flat(code)
  return [unsigned(bytes.length), bytes]
}

// By index: no code is compiled yet when this runs, and an iterator takes three times as long.
function flat(code: Code, into: number[] = []): number[] {
  for (let i = 0; i < code.length; i++) {
    const item = code[i]
    if (typeof item === 'number') into.push(item)
    else if (item !== undefined) flat(item, into)
  }
  return into
}

/** LEB128 of an integer from 0. */
function unsigned(value: number): number | Code {
  if (value < 128) return value
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  return bytes
}

/** LEB128 of a 32-bit integer; bit 6 of the last byte stands for all bits after it. */
function signed(value: number): number | Code {
  if (value >= -64 && value < 64) return value & 127
  const bytes: number[] = []
  let rest = value
  for (; rest < -64 || rest > 63; rest >>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest & 127)
  return bytes
}
