/**
 * The part of the WebAssembly JavaScript API that the host uses (W3C WebAssembly JavaScript Interface). TypeScript knows
 * it from the browser's library only, whose other globals do not exist here.
 */
declare namespace WebAssembly {
  /** Compiled code; can be cloned to other threads. */
  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): readonly { readonly name: string; readonly kind: string }[];
  }

  /** Linear memory; `buffer` is another one after the memory grew, and the old one is detached. */
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
  }

  /** An exported variable. */
  class Global {
    readonly value: unknown;
  }

  /** A running module. */
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  /** What a module imports: functions and memories by module and name. */
  type Imports = Readonly<
    Record<string, Readonly<Record<string, Memory | ((...values: never[]) => unknown)>>>
  >;

  /** Thrown when an instance traps. */
  class RuntimeError extends Error {}

  function instantiate(
    bytes: Uint8Array,
    imports?: Imports,
  ): Promise<{ readonly module: Module; readonly instance: Instance }>;
}
