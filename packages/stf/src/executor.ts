/** The rule book on ethereumjs, behind the `Executor` port. */
import { assert, type Hex, keccak256 } from "@sequorum/protocol";
import { LRUCache } from "lru-cache";
import { equalBytes } from "@sequorum/protocol";
import { type Common, l2Common } from "./common.ts";
import { nativeCrypto } from "./crypto.ts";
import { forcedEntriesPerBlockMax, inputFault, type InputRules } from "./derive.ts";
import { makeGenesis } from "./genesis.ts";
import { draftHeader, encodeExtraData, hashHeader } from "./header.ts";
import { BlockMachine, type Runnable } from "./machine.ts";
import { readCode, readProof, readState, readStorage } from "./reading.ts";
import { runCall } from "./call.ts";
import { type ParsedTransaction, parseTransaction } from "./transaction.ts";
import type {
  BlockFault,
  BlockInputs,
  BuildLimits,
  BuiltBlock,
  Crypto,
  ExecutedBlock,
  Executor,
  L2Block,
  LeftOut,
  NotIncludable,
  ParentBlock,
  StateStore,
} from "./types.ts";

/** What an executor needs. */
export type ExecutorOptions = {
  readonly store: StateStore;
  readonly chainId: bigint;
  readonly crypto?: Crypto;
  readonly rules?: Partial<InputRules> & { readonly transactionBytesMax?: number };
  /** Awaited between transactions, so that a long block does not keep the process from everything else. */
  readonly pause?: () => Promise<void>;
};

/** Transactions whose sender is kept, so that each is recovered once on its way from the mempool into a block. */
const parsedMax = 16_384;

/** Default of `blockTransactionBytesMax`: a default batch less its overhead. */
const defaultBlockTransactionBytesMax = 92 * 1_024;

type Context = {
  readonly store: StateStore;
  readonly common: Common;
  readonly rules: InputRules;
  readonly parse: (raw: Uint8Array) => ParsedTransaction;
  readonly pause: () => Promise<void>;
};

/** How sequenced transactions are chosen once the forced ones have run. */
type Selection =
  | { readonly type: "all"; readonly transactions: readonly Uint8Array[] }
  | {
      readonly type: "possible";
      readonly transactions: readonly Uint8Array[];
      readonly limits: BuildLimits;
    }
  | { readonly type: "rest"; readonly block: L2Block };

/** Makes the executor. */
export function createExecutor(options: ExecutorOptions): Executor {
  const { store } = options;
  const common = l2Common(options.chainId, options.crypto ?? nativeCrypto);
  const parse = cachedParser(common, options.rules?.transactionBytesMax ?? 128 * 1_024);
  const rules = {
    originDriftSecondsMax: options.rules?.originDriftSecondsMax ?? 600,
    blockTransactionBytesMax:
      options.rules?.blockTransactionBytesMax ?? defaultBlockTransactionBytesMax,
  };
  const context: Context = {
    store,
    common,
    rules,
    parse,
    pause: options.pause ?? (async () => {}),
  };
  return {
    genesisBlock: (genesis) => makeGenesis(genesis, common),
    applyBatchBlock: (parent, inputs) =>
      execute(context, { parent, inputs }, { type: "all", transactions: inputs.transactions }),
    buildBlock: (parent, inputs, limits) =>
      execute(
        context,
        { parent, inputs },
        { type: "possible", transactions: inputs.transactions, limits },
      ),
    verifyBlock: (parent, block, derived) => verify(context, { parent, block, derived }),
    decodeTransaction: (raw) => {
      const parsed = parse(raw);
      if (parsed.type === "rejected") return parsed;
      return { type: "decoded", transaction: parsed.transaction };
    },
    account: (root, address) => readState({ store, common }, root, address),
    code: (root, address) => readCode({ store, common }, root, address),
    storage: (root, address, slot) => readStorage({ store, common }, { root, address, slot }),
    proof: (root, address, slots) => readProof({ store, common }, { root, address, slots }),
    call: (header, request) => runCall({ store, common }, header, request),
  };
}

async function verify(
  context: Context,
  {
    parent,
    block,
    derived,
  }: {
    parent: ParentBlock;
    block: L2Block;
    derived: Pick<BlockInputs, "originNumber" | "originTime" | "forcedEntries">;
  },
): Promise<ExecutedBlock | NotIncludable> {
  const { header } = block;
  if (header.parentHash !== parent.hash || header.number !== parent.header.number + 1n) {
    return fault("PARENT_DIFFERS");
  }
  const { timestamp, originHash, term, coinbase } = header;
  const inputs = { ...derived, timestamp, originHash, term, coinbase, transactions: [] };
  const result = await execute(context, { parent, inputs }, { type: "rest", block });
  if (result.type === "executed" && result.block.hash !== block.hash) return fault("HASH_DIFFERS");
  return result;
}

async function execute(
  context: Context,
  { parent, inputs }: { parent: ParentBlock; inputs: BlockInputs },
  selection: Selection,
): Promise<BuiltBlock | NotIncludable> {
  const broken = inputFault(parent, inputs, context.rules);
  if (broken !== undefined) return fault(broken);
  const draft = draftHeader(parent, { ...inputs, queuePosition: parent.header.queuePosition });
  const machine = await BlockMachine.open(draft, parent.header.stateRoot, context);
  const forced = await runForced(context, machine, inputs);
  const rest = restAfterForced(selection, forced.included);
  if (rest === undefined) return fault("FORCED_TRANSACTIONS_DIFFER");
  const sequenced = await runSequenced(context, machine, { rest, selection });
  if (sequenced.type === "notIncludable") return sequenced;
  const totals = await machine.finish();
  const { receipts, writes, senders, ...roots } = totals;
  const queuePosition = parent.header.queuePosition + BigInt(forced.consumed);
  const extraData = encodeExtraData(inputs.term, queuePosition);
  const header = { ...draft, ...roots, queuePosition, extraData };
  const transactions = [...forced.included, ...sequenced.included];
  return {
    type: "executed",
    block: { header, hash: hashHeader(header), transactions },
    originNumber: inputs.originNumber,
    receipts,
    forcedCount: forced.included.length,
    skippedPositions: forced.skipped,
    writes,
    senders,
    leftOut: sequenced.leftOut,
  };
}

/**
 * Takes queue entries in order. One that cannot be included is skipped for good; one that would fit an emptier
 * block ends the taking, and is the first of the next block: so no entry waits behind sequenced transactions.
 */
async function runForced(
  context: Context,
  machine: BlockMachine,
  inputs: BlockInputs,
): Promise<{ included: Uint8Array[]; skipped: bigint[]; consumed: number }> {
  const included: Uint8Array[] = [];
  const skipped: bigint[] = [];
  for (const entry of inputs.forcedEntries.slice(0, forcedEntriesPerBlockMax)) {
    const parsed = context.parse(entry.transaction);
    const broken = parsed.type === "rejected" ? parsed.code : await machine.fault(parsed);
    if (broken === "GAS_LEFT_TOO_LOW") break;
    if (broken !== undefined || parsed.type === "rejected") {
      skipped.push(entry.position);
      continue;
    }
    await machine.run(parsed);
    included.push(entry.transaction);
    await context.pause();
  }
  return { included, skipped, consumed: included.length + skipped.length };
}

function restAfterForced(
  selection: Selection,
  forced: readonly Uint8Array[],
): readonly Uint8Array[] | undefined {
  if (selection.type !== "rest") return selection.transactions;
  const { transactions } = selection.block;
  const isSame = forced.every((raw, i) => equalBytes(raw, transactions[i] ?? new Uint8Array(0)));
  return isSame ? transactions.slice(forced.length) : undefined;
}

type Sequenced = {
  readonly type: "included";
  readonly included: readonly Uint8Array[];
  readonly leftOut: readonly LeftOut[];
};

async function runSequenced(
  context: Context,
  machine: BlockMachine,
  { rest, selection }: { rest: readonly Uint8Array[]; selection: Selection },
): Promise<Sequenced | NotIncludable> {
  const included: Uint8Array[] = [];
  const leftOut: LeftOut[] = [];
  const limits = selection.type === "possible" ? selection.limits : undefined;
  let bytes = 0;
  for (const [index, raw] of rest.entries()) {
    if (limits !== undefined && limits.nowMs() >= limits.stopAtMs) break;
    bytes += raw.length;
    if (bytes > context.rules.blockTransactionBytesMax) {
      if (limits !== undefined) break;
      return fault("BLOCK_TOO_LARGE");
    }
    const parsed = context.parse(raw);
    const broken = parsed.type === "rejected" ? parsed.code : await machine.fault(parsed);
    if (broken !== undefined || parsed.type === "rejected") {
      assert(broken !== undefined, "a rejected transaction has a code");
      if (limits === undefined)
        return { type: "notIncludable", reason: broken, transaction: index };
      if (broken === "GAS_LEFT_TOO_LOW") break; // the next block starts with it: first come, first served
      leftOut.push({ hash: keccak256(raw), reason: broken });
      bytes -= raw.length;
      continue;
    }
    await machine.run(parsed satisfies Runnable);
    included.push(raw);
    await context.pause();
  }
  return { type: "included", included, leftOut };
}

function cachedParser(common: Common, bytesMax: number): (raw: Uint8Array) => ParsedTransaction {
  const parsed = new LRUCache<Hex, ParsedTransaction>({ max: parsedMax });
  return (raw) => {
    if (raw.length > bytesMax) return { type: "rejected", code: "OVERSIZED" };
    const hash = keccak256(raw);
    const known = parsed.get(hash);
    if (known !== undefined) return known;
    const result = parseTransaction(raw, common, bytesMax);
    parsed.set(hash, result);
    return result;
  };
}

function fault(reason: BlockFault): NotIncludable {
  return { type: "notIncludable", reason, transaction: -1 };
}
