/**
 * The engine's WebAssembly, as far as it is used here: its types are part of TypeScript's browser
 * library only, and some ways of running Node (`--jitless`) have none.
 */

/** Shared memory: growing it leaves the views of its bytes alone. */
export interface WasmMemory {
  /** All bytes; another object after each growth. */
  readonly buffer: SharedArrayBuffer
  /** Adds pages of 64 KiB. @throws {RangeError} beyond the maximum */
  grow(pages: number): number
}

/** Memory of one thread alone: the engine copies into it twice as fast as into a shared one. */
export interface OwnMemory {
  readonly buffer: ArrayBuffer
}

/** Compiled code, which may be posted to a worker. */
export type WasmModule = object

interface WasmEngine {
  readonly Memory: {
    new (limits: { initial: number; maximum: number; shared: true }): WasmMemory
    new (limits: { initial: number; maximum: number }): OwnMemory
  }
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (
    module: WasmModule,
    imports: { env: { memory: WasmMemory | OwnMemory; scratch: number } },
  ) => { readonly exports: object }
}

/** Returns the engine's WebAssembly. @throws {Error} if it has none */
export function wasmEngine(): WasmEngine {
  const found: unknown = Reflect.get(globalThis, 'WebAssembly')
  if (!isEngine(found)) throw new Error('There is no WebAssembly')
  return found
}

function isEngine(value: unknown): value is WasmEngine {
  return typeof value === 'object' && value !== null && 'Memory' in value
}
