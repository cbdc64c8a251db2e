/** The rule book on ethereumjs: the differential oracle of the state-transition module. Slow and independent of it. */
import type { VM } from "@ethereumjs/vm";
import { assert, type Hex, keccak256, zeroHash } from "@sequorum/protocol";
import type {
  BlockFault,
  BlockHeader,
  BlockInputs,
  CallRequest,
  CallResult,
  ExecutedBlock,
  LeftOut,
  NotIncludable,
  ParentBlock,
} from "../../src/types.ts";
import { runCall } from "./call.ts";
import { type Common, oracleCommon } from "./common.ts";
import { encodeExtraData, hashHeader, nextBaseFeePerGas, nextPrevRandao } from "./header.ts";
import { BlockMachine, type Environment } from "./machine.ts";
import { type OracleStore, type PlainAccount, writeAccounts } from "./state.ts";
import { type Parsed, type ParsingRules, parseTransaction } from "./transaction.ts";

const forcedEntriesPerBlockMax = 512;

/** A block as the oracle makes it: all of `ExecutedBlock` but the packed writes, which stay in the oracle's store. */
export type OracleBlock = Omit<ExecutedBlock, "writes"> & { readonly leftOut: readonly LeftOut[] };

/** The oracle. State and headers accumulate in it. */
export type Oracle = {
  readonly store: OracleStore;
  /** Writes accounts into an empty state; answers its root. */
  writeAccounts(accounts: readonly PlainAccount[]): Promise<Hex>;
  /** Makes a header known, for BLOCKHASH. */
  addHeader(hash: Hex, header: BlockHeader): void;
  /** Every sequenced transaction, or the fault of the first that cannot be included. */
  applyBatchBlock(parent: ParentBlock, inputs: BlockInputs): Promise<OracleBlock | NotIncludable>;
  /** Leaves out what cannot be included. */
  buildBlock(parent: ParentBlock, inputs: BlockInputs): Promise<OracleBlock | NotIncludable>;
  call(header: BlockHeader, request: CallRequest): Promise<CallResult>;
};

/** Values of the rules that a network fixes, and what to watch. */
export type OracleOptions = {
  readonly chainId: bigint;
  readonly originDriftSecondsMax: number;
  readonly blockTransactionBytesMax: number;
  readonly transactionBytesMax: number;
  readonly observe?: (vm: VM) => void;
};

type Context = OracleOptions & {
  readonly store: OracleStore;
  readonly common: Common;
  readonly headers: ReadonlyMap<Hex, BlockHeader>;
  readonly parsing: ParsingRules;
};

/** Makes an oracle with an empty store. */
export function createOracle(options: OracleOptions): Oracle {
  const store: OracleStore = new Map();
  const headers = new Map<Hex, BlockHeader>();
  const common = oracleCommon(options.chainId);
  const { transactionBytesMax } = options;
  const parsing = { common, transactionBytesMax, isUnprotectedAllowed: false };
  const context: Context = { ...options, store, common, headers, parsing };
  const make = async (parent: ParentBlock, inputs: BlockInputs, isBuilding: boolean) => {
    headers.set(parent.hash, parent.header);
    return execute(context, { parent, inputs, isBuilding });
  };
  return {
    store,
    writeAccounts: (accounts) => writeAccounts(store, accounts, common),
    addHeader: (hash, header) => headers.set(hash, header),
    applyBatchBlock: (parent, inputs) => make(parent, inputs, false),
    buildBlock: (parent, inputs) => make(parent, inputs, true),
    call: (header, request) => {
      const ancestor = ancestors(context, header);
      const { observe } = options;
      const machine = { store, common, ancestor, observe, stateRoot: header.stateRoot };
      return runCall(machine, header, request);
    },
  };
}

type Job = {
  readonly parent: ParentBlock;
  readonly inputs: BlockInputs;
  readonly isBuilding: boolean;
};

async function execute(context: Context, job: Job): Promise<OracleBlock | NotIncludable> {
  const { parent, inputs } = job;
  const broken = inputFault(parent, inputs, context);
  if (broken !== undefined) return notIncludable(broken);
  const environment = environmentOf(parent, inputs);
  const { store, common, observe } = context;
  const machine = await BlockMachine.open(environment, {
    store,
    common,
    observe,
    stateRoot: parent.header.stateRoot,
    ancestor: ancestors(context, environment),
  });
  const forced = await runForced(context, machine, inputs);
  const sequenced = await runSequenced(context, machine, job);
  if (sequenced.type === "notIncludable") return sequenced;
  const { receipts, senders, ...totals } = await machine.finish();
  const queuePosition = parent.header.queuePosition + BigInt(forced.consumed);
  const header = {
    ...environment,
    ...totals,
    term: inputs.term,
    queuePosition,
    extraData: encodeExtraData(inputs.term, queuePosition),
  };
  const transactions = [...forced.included, ...sequenced.included];
  return {
    type: "executed",
    block: { header, hash: hashHeader(header), transactions },
    originNumber: inputs.originNumber,
    receipts,
    forcedCount: forced.included.length,
    skippedPositions: forced.skipped,
    senders,
    leftOut: sequenced.leftOut,
  };
}

function environmentOf(parent: ParentBlock, inputs: BlockInputs): Environment {
  return {
    parentHash: parent.hash,
    coinbase: inputs.coinbase,
    number: parent.header.number + 1n,
    gasLimit: parent.header.gasLimit,
    timestamp: inputs.timestamp,
    extraData: encodeExtraData(inputs.term, parent.header.queuePosition),
    prevRandao: nextPrevRandao(parent.header.prevRandao, inputs.term),
    baseFeePerGas: nextBaseFeePerGas(parent.header),
    originHash: inputs.originHash,
  };
}

/** The first rule that the inputs break on this parent. */
function inputFault(
  parent: ParentBlock,
  inputs: BlockInputs,
  rules: OracleOptions,
): BlockFault | undefined {
  const { timestamp, originTime } = inputs;
  if (timestamp <= parent.header.timestamp) return "TIMESTAMP_NOT_AFTER_PARENT";
  if (timestamp < originTime) return "TIMESTAMP_BEFORE_ORIGIN";
  if (timestamp > originTime + BigInt(rules.originDriftSecondsMax)) return "TIMESTAMP_DRIFT";
  if (inputs.originNumber < parent.originNumber) return "ORIGIN_WENT_BACK";
  const isSameOrigin = inputs.originNumber === parent.originNumber && parent.header.number > 0n;
  if (isSameOrigin && inputs.originHash !== parent.header.originHash) return "ORIGIN_WENT_BACK";
  if (inputs.term < parent.header.term) return "TERM_WENT_BACK";
  for (const [i, entry] of inputs.forcedEntries.entries()) {
    if (entry.position !== parent.header.queuePosition + BigInt(i)) return "QUEUE_GAP";
    if (entry.l1BlockNumber > inputs.originNumber) return "QUEUE_BEYOND_ORIGIN";
  }
  return undefined;
}

/** Takes queue entries in order; skips what cannot be included, stops at what an emptier block could take. */
async function runForced(
  context: Context,
  machine: BlockMachine,
  inputs: BlockInputs,
): Promise<{ included: Uint8Array[]; skipped: bigint[]; consumed: number }> {
  const included: Uint8Array[] = [];
  const skipped: bigint[] = [];
  for (const entry of inputs.forcedEntries.slice(0, forcedEntriesPerBlockMax)) {
    const parsed = parseTransaction(entry.transaction, context.parsing);
    const broken = await faultOf(machine, parsed);
    if (broken === "GAS_LEFT_TOO_LOW") break;
    if (broken !== undefined || parsed.type === "rejected") {
      skipped.push(entry.position);
      continue;
    }
    await machine.run(parsed);
    included.push(entry.transaction);
  }
  return { included, skipped, consumed: included.length + skipped.length };
}

type Sequenced = {
  readonly type: "included";
  readonly included: readonly Uint8Array[];
  readonly leftOut: readonly LeftOut[];
};

async function runSequenced(
  context: Context,
  machine: BlockMachine,
  { inputs, isBuilding }: Job,
): Promise<Sequenced | NotIncludable> {
  const included: Uint8Array[] = [];
  const leftOut: LeftOut[] = [];
  let bytes = 0;
  for (const [index, raw] of inputs.transactions.entries()) {
    bytes += raw.length;
    if (bytes > context.blockTransactionBytesMax) {
      if (isBuilding) break;
      return notIncludable("BLOCK_TOO_LARGE");
    }
    const parsed = parseTransaction(raw, context.parsing);
    const broken = await faultOf(machine, parsed);
    if (broken !== undefined || parsed.type === "rejected") {
      assert(broken !== undefined, "a rejected transaction has a code");
      if (!isBuilding) return { type: "notIncludable", reason: broken, transaction: index };
      if (broken === "GAS_LEFT_TOO_LOW") break;
      leftOut.push({ hash: keccak256(raw), reason: broken });
      bytes -= raw.length;
      continue;
    }
    await machine.run(parsed);
    included.push(raw);
  }
  return { type: "included", included, leftOut };
}

async function faultOf(
  machine: BlockMachine,
  parsed: Parsed,
): Promise<LeftOut["reason"] | undefined> {
  return parsed.type === "rejected" ? parsed.code : machine.fault(parsed);
}

function ancestors(
  { headers }: Context,
  { parentHash, number }: Pick<BlockHeader, "parentHash" | "number">,
): (wanted: bigint) => Hex {
  return (wanted) => {
    let hash = parentHash;
    for (let at = number - 1n; at > wanted; at -= 1n)
      hash = headers.get(hash)?.parentHash ?? zeroHash;
    return hash;
  };
}

function notIncludable(reason: BlockFault): NotIncludable {
  return { type: "notIncludable", reason, transaction: -1 };
}
