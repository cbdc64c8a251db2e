/** Reads the binary form of WebAssembly (W3C Core Specification 2.0, chapter 5) as far as check-module.ts needs it. */

/** A function type: value types by their bytes. */
export type FunctionType = {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
};

/** An import that is a function; other imports have only their kind. */
export type ModuleImport = {
  readonly module: string;
  readonly name: string;
  /** 0 function, 1 table, 2 memory, 3 global. */
  readonly kind: number;
  readonly type: FunctionType | undefined;
};

/** One function: the value types of its locals, and how often each opcode occurs in it. */
export type FunctionBody = {
  readonly locals: readonly number[];
  readonly opcodes: ReadonlyMap<number, number>;
};

/** What the checks look at. */
export type ParsedModule = {
  readonly sections: readonly number[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly { readonly name: string; readonly kind: number }[];
  readonly tables: readonly number[];
  /** Flags of each memory's limits: 0 or 1 (with a maximum) for plain memories. */
  readonly memories: readonly number[];
  readonly globals: readonly number[];
  readonly bodies: readonly FunctionBody[];
};

/** Reads bytes and LEB128 integers; throws `RangeError` at the end of the input. */
export class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.at];
    if (value === undefined) throw new RangeError(`the module ends early, at byte ${this.at}`);
    this.at += 1;
    return value;
  }

  /** Unsigned LEB128 of 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`an integer is too long, at byte ${this.at}`);
  }

  /** Skips a signed LEB128 of at most 64 bits. */
  skipSigned(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return;
    throw new RangeError(`an integer is too long, at byte ${this.at}`);
  }

  bytes(length: number): Uint8Array {
    const start = this.at;
    if (start + length > this.#bytes.length) {
      throw new RangeError(`the module ends early, at byte ${this.#bytes.length}`);
    }
    this.at += length;
    return this.#bytes.subarray(start, start + length);
  }

  name(): string {
    return new TextDecoder().decode(this.bytes(this.unsigned()));
  }

  vector<Item>(item: () => Item): Item[] {
    return Array.from({ length: this.unsigned() }, item);
  }
}

/** How the bytes behind an opcode are skipped; an opcode that is not listed cannot be parsed. */
export type ReadImmediates = (opcode: number, reader: Reader) => void;

/** Parses a module; throws `RangeError` when it is malformed. */
export function parseModule(bytes: Uint8Array, readImmediates: ReadImmediates): ParsedModule {
  const reader = new Reader(bytes);
  const head = reader.bytes(8);
  if (Buffer.compare(head, Buffer.from("\0asm\x01\0\0\0", "latin1")) !== 0) {
    throw new RangeError("this is no WebAssembly module of version 1");
  }
  const sections = new Map<number, Reader>();
  const order: number[] = [];
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const content = new Reader(reader.bytes(reader.unsigned()));
    order.push(id);
    if (id === 0) continue; // custom sections: names, which mean nothing to execution
    if (sections.has(id)) throw new RangeError(`section ${id} occurs twice`);
    sections.set(id, content);
  }
  const each = <Item>(id: number, read: (section: Reader) => Item): Item[] => {
    const section = sections.get(id);
    if (section === undefined) return [];
    const items = section.vector(() => read(section));
    if (!section.isAtEnd) throw new RangeError(`section ${id} has bytes left over`);
    return items;
  };
  const types = each(1, readFunctionType);
  const expression = (section: Reader) => readExpression(section, readImmediates);
  return {
    sections: order,
    types,
    imports: each(2, (section) => readImport(section, types)),
    tables: each(4, readTable),
    memories: each(5, readLimits),
    globals: each(6, (section) => {
      const type = section.byte();
      section.byte(); // mutability
      expression(section);
      return type;
    }),
    exports: each(7, (section) => {
      const exported = { name: section.name(), kind: section.byte() };
      section.unsigned();
      return exported;
    }),
    bodies: each(10, (section) => readBody(section, readImmediates)),
  };
}

function readFunctionType(section: Reader): FunctionType {
  if (section.byte() !== 0x60) throw new RangeError("a type is no function type");
  return {
    parameters: section.vector(() => section.byte()),
    results: section.vector(() => section.byte()),
  };
}

function readImport(section: Reader, types: readonly FunctionType[]): ModuleImport {
  const module = section.name();
  const name = section.name();
  const kind = section.byte();
  if (kind === 0) return { module, name, kind, type: types[section.unsigned()] };
  if (kind === 1) readTable(section);
  else if (kind === 2) readLimits(section);
  else section.bytes(2);
  return { module, name, kind, type: undefined };
}

/** The type of the table's elements. */
function readTable(section: Reader): number {
  const type = section.byte();
  readLimits(section);
  return type;
}

/** The flags of the limits. */
function readLimits(section: Reader): number {
  const flags = section.byte();
  section.unsigned();
  if ((flags & 1) === 1) section.unsigned();
  return flags;
}

function readBody(section: Reader, readImmediates: ReadImmediates): FunctionBody {
  const body = new Reader(section.bytes(section.unsigned()));
  const locals = body.vector(() => {
    body.unsigned();
    return body.byte();
  });
  const opcodes = readExpression(body, readImmediates);
  if (!body.isAtEnd) throw new RangeError("a function has bytes behind its end");
  return { locals, opcodes };
}

const blockOpcodes = new Set([0x02, 0x03, 0x04]);
const endOpcode = 0x0b;

/** Reads up to the `end` that belongs to the expression itself. */
function readExpression(reader: Reader, readImmediates: ReadImmediates): Map<number, number> {
  const opcodes = new Map<number, number>();
  for (let depth = 1; depth > 0; ) {
    const opcode = reader.byte();
    opcodes.set(opcode, (opcodes.get(opcode) ?? 0) + 1);
    readImmediates(opcode, reader);
    if (blockOpcodes.has(opcode)) depth += 1;
    if (opcode === endOpcode) depth -= 1;
  }
  return opcodes;
}
