/** Runs of the module's entry `block`: building, applying, verifying and tracing. */
import { assert } from "@sequorum/protocol";
import {
  outputCallResult,
  outputFault,
  outputHeader,
  outputLeftOut,
  outputReceipt,
  outputSender,
  outputSkipped,
} from "../assembly/interface.ts";
import { decodeHeader, encodeHeader, hashTransaction } from "./block-codec.ts";
import { toHex } from "./bytes.ts";
import { decodeTrace } from "./call-run.ts";
import { blockFault, transactionFault } from "./faults.ts";
import { hashHeader } from "./header.ts";
import type { ModuleHost } from "./module.ts";
import type { Outputs } from "./outputs.ts";
import {
  decodeCallResult,
  decodePair,
  decodeReceipt,
  decodeSender,
  type PlacedReceipt,
} from "./results.ts";
import { type BlockMode, blockTask, encodeForcedEntry, type TaskRules } from "./tasks.ts";
import type {
  BlockFault,
  BlockInputs,
  BuildLimits,
  BuiltBlock,
  DerivedInputs,
  ExecutedBlock,
  L2Block,
  NotIncludable,
  ParentBlock,
  TraceOptions,
  TransactionTrace,
} from "./types.ts";

/** What an executor's methods work with. */
export type Machine = { readonly host: ModuleHost; readonly rules: TaskRules };

type BlockRun = {
  readonly parent: ParentBlock;
  readonly inputs: BlockInputs;
  readonly mode: BlockMode;
  /** Ends the list of transactions early. */
  readonly isOver?: (index: number) => boolean;
  readonly trace?: TraceOptions & { readonly index: number };
};

/** Makes a block of inputs; see `Executor.applyBatchBlock`. */
export function applyBlock(
  machine: Machine,
  parent: ParentBlock,
  inputs: BlockInputs,
): ExecutedBlock | NotIncludable {
  return execute(machine, { parent, inputs, mode: "all" });
}

/** Makes a block of what is possible; see `Executor.buildBlock`. */
export function buildBlock(
  machine: Machine,
  { parent, inputs, limits }: Pick<BlockRun, "parent" | "inputs"> & { limits: BuildLimits },
): BuiltBlock | NotIncludable {
  const isOver = () => limits.nowMs() >= limits.stopAtMs;
  return execute(machine, { parent, inputs, mode: "build", isOver });
}

/** Makes the block anew that somebody made; see `Executor.verifyBlock`. */
export function verifyBlock(
  machine: Machine,
  { parent, block, derived }: { parent: ParentBlock; block: L2Block; derived: DerivedInputs },
): ExecutedBlock | NotIncludable {
  const inputs = inputsOf(block, derived);
  if (!isChild(parent, block)) return notIncludable("PARENT_DIFFERS");
  const result = execute(machine, { parent, inputs, mode: "verify" });
  if (result.type === "executed" && result.block.hash !== block.hash) {
    return notIncludable("HASH_DIFFERS");
  }
  return result;
}

/** Lists the instructions of one transaction; see `Executor.traceTransaction`. */
export function traceTransaction(
  machine: Machine,
  parent: ParentBlock,
  {
    block,
    traced,
  }: { block: L2Block; traced: DerivedInputs & TraceOptions & { readonly index: number } },
): TransactionTrace | NotIncludable {
  assert(traced.index < block.transactions.length, "the traced transaction is in the block");
  if (!isChild(parent, block)) return notIncludable("PARENT_DIFFERS");
  const inputs = inputsOf(block, traced);
  // what comes behind the traced transaction need not run; the result is no block then, but has the receipt
  const isOver = (index: number) => index > traced.index;
  const fault = run(machine, { parent, inputs, mode: "verify", isOver, trace: traced });
  const { outputs } = machine.host;
  const placed = outputs.of(outputReceipt)[traced.index];
  const [result] = outputs.of(outputCallResult);
  if (placed !== undefined && result !== undefined) {
    const { receipt } = decodeReceipt(placed);
    const { data: returnData } = decodeCallResult(result);
    return { type: "traced", receipt, returnData, ...decodeTrace(outputs, traced) };
  }
  return fault ?? notIncludable("HASH_DIFFERS");
}

function isChild(parent: ParentBlock, { header }: L2Block): boolean {
  return header.parentHash === parent.hash && header.number === parent.header.number + 1n;
}

function inputsOf({ header, transactions }: L2Block, derived: DerivedInputs): BlockInputs {
  const { timestamp, originHash, term, coinbase } = header;
  const { originNumber, originTime, forcedEntries } = derived;
  const fromHeader = { timestamp, originHash, term, coinbase, transactions };
  return { ...fromHeader, originNumber, originTime, forcedEntries };
}

function execute(machine: Machine, asked: BlockRun): BuiltBlock | NotIncludable {
  return run(machine, asked) ?? collect(machine.host.outputs, asked.inputs);
}

/** Why there is no block, or undefined: then the outputs have it. */
function run({ host, rules }: Machine, asked: BlockRun): NotIncludable | undefined {
  const { parent, inputs, mode, isOver, trace } = asked;
  const isDone = host.run("block", {
    task: blockTask(rules, parent, {
      inputs,
      mode,
      ...(trace === undefined
        ? {}
        : { trace: { index: trace.index, withMemory: trace.withMemory === true } }),
    }),
    transaction: (index) => (isOver?.(index) === true ? undefined : inputs.transactions[index]),
    forcedEntry: (index) => {
      const entry = inputs.forcedEntries[index];
      return entry === undefined ? undefined : encodeForcedEntry(entry);
    },
    content: (hash) => (hash === parent.hash ? parentHeader(parent) : undefined),
    traceBytesMax: trace?.traceBytesMax ?? 0,
    traceStepsMax: trace?.traceStepsMax ?? Infinity,
  });
  if (isDone) return undefined;
  const [code, index] = decodePair(only(host.outputs, outputFault));
  return notIncludable(blockFault(Number(code)), index === undefined ? -1 : Number(index));
}

/** The parent's header need not be stored yet; its hash is checked, because nothing else would. */
function parentHeader({ header, hash }: ParentBlock): Uint8Array {
  assert(hashHeader(header) === hash, "a parent has the hash of its header", { hash });
  return encodeHeader(header);
}

function collect(outputs: Outputs, inputs: BlockInputs): BuiltBlock {
  const headerOutput = only(outputs, outputHeader);
  const header = decodeHeader(headerOutput.subarray(32));
  assert(header !== undefined, "the module makes L2 headers");
  const placed = outputs.of(outputReceipt).map(decodeReceipt);
  return {
    type: "executed",
    block: {
      header,
      hash: toHex(headerOutput.subarray(0, 32)),
      transactions: placed.map((each) => rawOf(each, inputs)),
    },
    originNumber: inputs.originNumber,
    receipts: placed.map(({ receipt }) => receipt),
    forcedCount: placed.filter(({ isForced }) => isForced).length,
    skippedPositions: outputs.of(outputSkipped).map((bytes) => decodePair(bytes)[0]),
    writes: outputs.packedContent(),
    senders: new Map(outputs.of(outputSender).map(decodeSender)),
    leftOut: outputs.of(outputLeftOut).map((bytes) => {
      const [index, code] = decodePair(bytes);
      const raw = inputs.transactions[Number(index)];
      assert(raw !== undefined && code !== undefined, "what is left out was offered");
      return { hash: hashTransaction(raw), reason: transactionFault(Number(code)) };
    }),
  };
}

function rawOf({ isForced, index }: PlacedReceipt, inputs: BlockInputs): Uint8Array {
  const raw = isForced ? inputs.forcedEntries[index]?.transaction : inputs.transactions[index];
  assert(raw !== undefined, "an included transaction was given", { isForced, index });
  return raw;
}

/** The one output of a kind. */
function only(outputs: Outputs, kind: number): Uint8Array {
  const [output] = outputs.of(kind);
  assert(output !== undefined, "the module says what it did", { kind });
  return output;
}

function notIncludable(reason: BlockFault, transaction = -1): NotIncludable {
  return { type: "notIncludable", reason, transaction };
}
