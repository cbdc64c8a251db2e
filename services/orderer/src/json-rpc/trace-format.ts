/**
 * Traces as the opcode logger writes them (execution-apis, "OpcodeTransactionTrace"; geth's default tracer): the executor's
 * steps, and the storage that can be seen in them.
 */
import { bytesToHex, type Hex } from "@sequorum/protocol";
import type { TraceStep } from "@sequorum/stf";
import type { Json } from "./json.ts";
import { opcodeName } from "./opcode-names.ts";

/** What the client wants of each step. */
export type TraceParams = {
  readonly withMemory: boolean;
  readonly withStack: boolean;
  readonly withStorage: boolean;
  /** First steps to answer; undefined: all. */
  readonly stepsMax: number | undefined;
};

/** A trace to write down. */
export type TraceOutcome = {
  readonly gasUsed: bigint;
  readonly hasFailed: boolean;
  readonly returnData: Uint8Array;
  /** Contract in whose context the first frame runs. */
  readonly contract: Hex | null;
  readonly steps: readonly TraceStep[];
};

/** The answer of debug_traceCall and debug_traceTransaction. */
export function formatTrace(trace: TraceOutcome, params: TraceParams): Json {
  const storage = createStorageView(trace.contract);
  const structLogs: Json[] = [];
  for (const [i, step] of trace.steps.entries()) {
    const seen = storage.see(step, trace.steps[i + 1]);
    structLogs.push(formatStep(step, { params, storage: params.withStorage ? seen : undefined }));
  }
  return {
    gas: Number(trace.gasUsed),
    failed: trace.hasFailed,
    returnValue: bytesToHex(trace.returnData),
    structLogs,
  };
}

type Slots = ReadonlyMap<Hex, Hex>;

function formatStep(
  step: TraceStep,
  { params, storage }: { readonly params: TraceParams; readonly storage: Slots | undefined },
): Json {
  const { programCounter, opcode, gas, gasCost, depth, error, refund, stack, memory } = step;
  return {
    pc: programCounter,
    op: opcodeName(opcode),
    gas: Number(gas),
    gasCost: Number(gasCost),
    depth,
    ...(error === undefined ? {} : { error }),
    ...(params.withStack ? { stack: stack.map((word) => `0x${word.toString(16)}`) } : {}),
    ...(memory === undefined ? {} : { memory: wordsOf(memory) }),
    ...(storage === undefined ? {} : { storage: Object.fromEntries(storage) }),
    ...(refund === 0n ? {} : { refund: Number(refund) }),
  };
}

function wordsOf(memory: Uint8Array): Hex[] {
  const words: Hex[] = [];
  for (let at = 0; at < memory.length; at += 32) words.push(bytesToHex(memory.slice(at, at + 32)));
  return words;
}

const opcodes = {
  sload: 0x54,
  sstore: 0x55,
  create: 0xf0,
  call: 0xf1,
  callcode: 0xf2,
  delegatecall: 0xf4,
  create2: 0xf5,
  staticcall: 0xfa,
} as const;

/** A frame, as far as storage needs it. A new contract has no address before it is there. */
type Frame = { readonly contract: Hex | null; readonly slots: Map<Hex, Hex> };

/**
 * Which slots of the current contract have been read and written, seen from the stack: what SLOAD pushed lies on the
 * stack of the next step.
 */
function createStorageView(contract: Hex | null) {
  const ofContract = new Map<Hex, Map<Hex, Hex>>();
  const open = (address: Hex | null): Frame => {
    const slots = (address === null ? undefined : ofContract.get(address)) ?? new Map<Hex, Hex>();
    if (address !== null) ofContract.set(address, slots);
    return { contract: address, slots };
  };
  const frames: Frame[] = [open(contract)];

  /** Frames as they are when `next` runs. */
  function move(step: TraceStep, next: TraceStep | undefined): void {
    if (next === undefined || next.depth === step.depth) return;
    const current = frames.at(-1) ?? open(contract);
    if (next.depth > step.depth) return void frames.push(entered(step, current));
    while (frames.length > next.depth) {
      const left = frames.pop();
      const created = next.stack.at(-1) ?? 0n;
      const isNew = left !== undefined && left.contract === null && created !== 0n;
      if (isNew && frames.length === next.depth) ofContract.set(addressOf(created), left.slots);
    }
  }

  function entered(step: TraceStep, current: Frame): Frame {
    const { opcode, stack } = step;
    if (opcode === opcodes.delegatecall || opcode === opcodes.callcode) return current;
    if (opcode === opcodes.create || opcode === opcodes.create2) return open(null);
    return open(addressOf(stack.at(-2) ?? 0n));
  }

  return {
    /** The slots that a step shows: those of its contract, when it reads or writes one. */
    see(step: TraceStep, next: TraceStep | undefined): Slots | undefined {
      const { slots } = frames.at(-1) ?? open(contract);
      const { opcode, stack } = step;
      let seen: Slots | undefined;
      if (opcode === opcodes.sload || opcode === opcodes.sstore) {
        const value = opcode === opcodes.sload ? next?.stack.at(-1) : stack.at(-2);
        if (step.error === undefined) slots.set(wordOf(stack.at(-1) ?? 0n), wordOf(value ?? 0n));
        seen = new Map(slots);
      }
      move(step, next);
      return seen;
    },
  };
}

function wordOf(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, "0")}`;
}

function addressOf(word: bigint): Hex {
  return `0x${(word & ((1n << 160n) - 1n)).toString(16).padStart(40, "0")}`;
}
