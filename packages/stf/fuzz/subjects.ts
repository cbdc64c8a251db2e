/** The two that must agree: the executor on the module, and the oracle. */
import type { VM } from "@ethereumjs/vm";
import { type Hex, hexToBytes, rlpEncode } from "@sequorum/protocol";
import * as codes from "../assembly/interface.ts";
import type { PlainAccount } from "../conformance/engine.ts";
import { accountItem } from "../conformance/module-engine.ts";
import { encodeHeader } from "../src/block-codec.ts";
import { packContents } from "../src/content-table.ts";
import { createExecutor } from "../src/executor.ts";
import { loadModule, ModuleHost } from "../src/module.ts";
import { createMemoryStateStore, type MemoryStateStore } from "../src/state-store.ts";
import type {
  BlockHeader,
  BlockInputs,
  BuiltBlock,
  CallRequest,
  CallResult,
  NotIncludable,
  ParentBlock,
  StateStore,
} from "../src/types.ts";
import { createOracle, type OracleBlock } from "../test/oracle/executor.ts";
import { fuzzChainId } from "./case.ts";

/** One of the two. State and headers are forgotten by `reset`. */
export type Subject<Block> = {
  reset(): void;
  writeAccounts(accounts: readonly PlainAccount[]): Promise<Hex> | Hex;
  addHeader(hash: Hex, header: BlockHeader): void;
  build(
    parent: ParentBlock,
    inputs: BlockInputs,
  ): Promise<Block | NotIncludable> | Block | NotIncludable;
  /** As `build`, but nothing is left out: the block, or the fault of the first that cannot be included. */
  apply(
    parent: ParentBlock,
    inputs: BlockInputs,
  ): Promise<Block | NotIncludable> | Block | NotIncludable;
  call(header: BlockHeader, request: CallRequest): Promise<CallResult> | CallResult;
};

/** Rules of both: small enough that a large transaction or many of them break them. */
const rules = {
  originDriftSecondsMax: 600,
  blockTransactionBytesMax: 92 * 1_024,
  transactionBytesMax: 60_000,
};

/** The oracle. */
export function createOracleSubject(observe: (vm: VM) => void): Subject<OracleBlock> {
  const make = () => createOracle({ chainId: fuzzChainId, ...rules, observe });
  let oracle = make();
  return {
    reset: () => {
      oracle = make();
    },
    writeAccounts: (accounts) => oracle.writeAccounts(accounts),
    addHeader: (hash, header) => oracle.addHeader(hash, header),
    build: (parent, inputs) => oracle.buildBlock(parent, inputs),
    apply: (parent, inputs) => oracle.applyBatchBlock(parent, inputs),
    call: (header, request) => oracle.call(header, request),
  };
}

/** The executor; blocks that it builds are made again in both other ways, which must give the same hash. */
export function createModuleSubject(
  module: WebAssembly.Module = loadModule(),
): Subject<BuiltBlock> {
  let inner = createMemoryStateStore();
  const store: StateStore = {
    get: (hash) => inner.get(hash),
    locate: (keys, at, found) => inner.locate?.(keys, at, found) ?? false,
  };
  const poisonsArena = true;
  const host = new ModuleHost(store, module, { poisonsArena });
  const executor = createExecutor({ store, chainId: fuzzChainId, rules, module, poisonsArena });
  const limits = { stopAtMs: 1, nowMs: () => 0 };
  return {
    reset: () => {
      inner = createMemoryStateStore();
    },
    writeAccounts: (accounts) => {
      host.run("genesis", { task: rlpEncode(accounts.map(accountItem)) });
      const [root] = host.outputs.of(codes.outputStateRoot);
      const hex: Hex = `0x${Buffer.from(root ?? []).toString("hex")}`;
      commit(inner, host.outputs.packedContent());
      return hex;
    },
    addHeader: (hash, header) => {
      const content = encodeHeader(header);
      commit(inner, packContents([{ hash: hexToBytes(hash), content }]));
    },
    build: (parent, inputs) => {
      const built = executor.buildBlock(parent, inputs, limits);
      if (built.type === "executed") {
        const { forcedCount, block } = built;
        const transactions = block.transactions.slice(forcedCount);
        expectSameHash(
          "applyBatchBlock",
          built,
          executor.applyBatchBlock(parent, { ...inputs, transactions }),
        );
        expectSameHash("verifyBlock", built, executor.verifyBlock(parent, block, inputs));
        commit(inner, built.writes);
      }
      return built;
    },
    apply: (parent, inputs) => ({ leftOut: [], ...executor.applyBatchBlock(parent, inputs) }),
    call: (header, request) => executor.call(header, request),
  };
}

function expectSameHash(
  name: string,
  built: BuiltBlock,
  again: { readonly type: "executed"; readonly block: { readonly hash: Hex } } | NotIncludable,
): void {
  const hash = again.type === "executed" ? again.block.hash : again.reason;
  if (hash === built.block.hash) return;
  throw new Error(`${name} gives ${hash} for the block that buildBlock made: ${built.block.hash}`);
}

function commit(store: MemoryStateStore, writes: Uint8Array<ArrayBuffer>): void {
  store.commit({ writes } as Parameters<MemoryStateStore["commit"]>[0]);
}
