/** What a start loads: genesis the first time, else the chain where it was. */
import { assert, type Hex, type NetworkConfig } from "@sequorum/protocol";
import { FatalError } from "@sequorum/service";
import type { StateAccess } from "@sequorum/execution";
import type { AccountSummary, Receipt } from "@sequorum/stf";
import { encodeBlock } from "@sequorum/stf";
import type { Store } from "@sequorum/store";
import type { BlockReader } from "../adapters/block-reader.ts";
import { bytea, type StoredBlock } from "../adapters/block-rows.ts";
import { insertBlock } from "../adapters/block-writer.ts";
import { loadOrigins } from "../adapters/l1-origins.ts";
import {
  type Levels,
  loadLastSeal,
  loadLevels,
  loadTerms,
  loadUncovered,
  nextSequence,
  writeCertifiedHeight,
} from "../adapters/progress-store.ts";
import { type BlockSummary, originsMax, type Restored, termsMax } from "../core/state.ts";
import { decodedOf, summaryOf } from "./engine.ts";

/** What restoring works with. */
export type RestoreDeps = {
  readonly store: Store;
  readonly reader: BlockReader;
  readonly state: StateAccess;
  readonly network: NetworkConfig;
};

/** Uncertified blocks that are loaded at once; a node holds far fewer. */
const uncertifiedMax = 4_096;

/** Writes genesis when there is none; throws `FatalError` when the store belongs to another network. */
export async function ensureGenesis({ store, reader, state, network }: RestoreDeps): Promise<void> {
  const genesis = state.executor.genesisBlock(network.l2Genesis);
  const { hash } = genesis.block;
  const stored = await reader.canonicalHash(0n);
  if (stored !== undefined && stored !== hash) {
    throw new FatalError(
      "the database holds another network's chain: give this network a database of its own",
    );
  }
  if (stored !== undefined) return;
  await store.transaction(async (tx) => {
    await insertBlock(tx, { executed: genesis, rlp: encodeBlock(genesis.block), seal: null });
    await tx`insert into canonical (height, hash) values (0, ${bytea(hash)})`;
    await writeCertifiedHeight(tx, 0n);
  });
}

/** Loads the core's state and the confirmation levels. */
export async function restore(
  deps: RestoreDeps,
  atMs: number,
): Promise<{ readonly restored: Restored; readonly levels: Levels }> {
  const { store, reader } = deps;
  const levels = await loadLevels(store.sql);
  assert(levels !== undefined, "genesis is written before the state is loaded");
  const chain = await reader.canonical(levels.certified, uncertifiedMax);
  const [certified, ...uncertified] = await Promise.all(
    chain.map((stored) => summarize(stored, deps)),
  );
  assert(certified !== undefined, "the certified block is stored", { height: levels.certified });
  const restored: Restored = {
    certified: { ...certified, transactions: [], senders: new Map() },
    uncertified,
    terms: await loadTerms(store.sql, termsMax),
    uncovered: await loadUncovered(store.sql, levels.certified),
    lastSeal: await loadLastSeal(store.sql),
    origins: await loadOrigins(store.sql, originsMax),
    nextSequence: await nextSequence(store.sql),
    atMs,
  };
  return { restored, levels };
}

async function summarize(
  stored: StoredBlock,
  { state, reader }: RestoreDeps,
): Promise<BlockSummary> {
  const { block } = stored;
  const receipts: readonly Receipt[] = (await reader.receipts(block.hash)) ?? [];
  const senders = new Map<Hex, AccountSummary>();
  for (const { from } of receipts) {
    if (senders.has(from)) continue;
    senders.set(from, await state.read(({ account }) => account(block.header.stateRoot, from)));
  }
  return summaryOf({ ...stored, senders }, (raw) => decodedOf(state.executor, raw));
}
