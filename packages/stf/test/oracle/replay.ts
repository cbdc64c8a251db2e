/** The oracle for plain Ethereum blocks in a given environment, in the form of the module's entries genesis and replay. */
import type { VM } from "@ethereumjs/vm";
import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { equalBytes, type Hex, zeroHash } from "@sequorum/protocol";
import type {
  Engine,
  ReplayResult,
  ReplayTask,
  Tree,
  TrieChange,
} from "../../conformance/engine.ts";
import { toHex } from "./bytes.ts";
import { oracleCommon } from "./common.ts";
import { hashHeader } from "./header.ts";
import { BlockMachine } from "./machine.ts";
import { type OracleStore, writeAccounts } from "./state.ts";
import { parseTransaction } from "./transaction.ts";

/** An engine on ethereumjs. `observe` sees every virtual machine. */
export function createOracleEngine(observe?: (vm: VM) => void): Engine {
  let store: OracleStore = new Map();
  const common = oracleCommon(1n);
  return {
    genesis: (accounts) => {
      store = new Map();
      return writeAccounts(store, accounts, common);
    },
    replay: (task) => replay(task, { store, observe }),
    decodeTransaction: (raw) => {
      const transactionBytesMax = Number.MAX_SAFE_INTEGER;
      const rules = { common, transactionBytesMax, isUnprotectedAllowed: true };
      const parsed = parseTransaction(raw, rules);
      if (parsed.type === "rejected") return { type: "refused", fault: parsed.code };
      return { type: "decoded", hash: toHex(parsed.native.hash()), from: parsed.from };
    },
    encodeRlp: (tree) => RLP.encode(tree as Uint8Array),
    decodeRlp,
    trieRoot,
  };
}

function decodeRlp(bytes: Uint8Array): Tree | undefined {
  try {
    const tree = RLP.decode(bytes);
    return equalBytes(RLP.encode(tree), bytes) ? tree : undefined;
  } catch {
    return undefined;
  }
}

async function trieRoot(changes: readonly TrieChange[]): Promise<Hex> {
  const trie = new MerklePatriciaTrie();
  for (const { key, value } of changes) {
    await (value === undefined ? trie.del(key) : trie.put(key, value));
  }
  return toHex(trie.root());
}

async function replay(
  task: ReplayTask,
  { store, observe }: { store: OracleStore; observe: ((vm: VM) => void) | undefined },
): Promise<ReplayResult> {
  const common = oracleCommon(task.chainId);
  const machine = await BlockMachine.open(task.environment, {
    store,
    common,
    observe,
    stateRoot: task.stateRoot,
    ancestor: (number) => ancestor(task, number),
  });
  const parsing = {
    common,
    transactionBytesMax: Number.MAX_SAFE_INTEGER,
    isUnprotectedAllowed: task.isUnprotectedAllowed,
  };
  const leftOut: { index: number; fault: string }[] = [];
  for (const [index, raw] of task.transactions.entries()) {
    const parsed = parseTransaction(raw, parsing);
    const fault = parsed.type === "rejected" ? parsed.code : await machine.fault(parsed);
    if (fault === undefined && parsed.type === "parsed") {
      await machine.run(parsed);
      continue;
    }
    if (!task.isBuilding) return { type: "refused", fault: fault ?? "MALFORMED", index };
    leftOut.push({ index, fault: fault ?? "MALFORMED" });
  }
  const { senders: _, receipts, ...totals } = await machine.finish(task.withdrawals);
  const header = { ...task.environment, ...totals, term: 0n, queuePosition: 0n };
  return { type: "executed", ...totals, receipts, leftOut, hash: hashHeader(header) };
}

function ancestor({ ancestors, environment }: ReplayTask, number: bigint): Hex {
  return ancestors[Number(environment.number - 1n - number)] ?? zeroHash;
}
