/** The pool's state and its history in Postgres. */
import type { Bus } from "@sequorum/bus";
import { decisionToProto } from "@sequorum/proto/convert/decision";
import {
  assert,
  type BatchIndex,
  type BlockHeight,
  bytesToHex,
  type Decision,
  encodeBatchHeader,
  type Hex,
  hexToBytes,
  type PosHeight,
  type SigningDomain,
} from "@sequorum/protocol";
import type { Sql, Store, Transaction } from "@sequorum/store";
import { decodeState, encodeCanonical } from "../core/pool/canonical.ts";
import { genesisDecisions } from "../core/pool/genesis.ts";
import type { PoolApp } from "../core/pool/pool-app.ts";
import type { PoolState } from "../core/pool/state.ts";
import { createChainStore } from "../engine/chain-store.ts";
import type { Decided } from "../engine/engine-options.ts";

/** Heights between two stored states; those in between are replayed at start. */
const snapshotEvery = 64n;

/** What the pool store works with. */
export type PoolStoreOptions = {
  readonly store: Store;
  readonly bus: Bus;
  readonly domain: SigningDomain;
  readonly app: PoolApp;
};

/** The durable side of the pool. */
export type PoolStore = {
  /** Writes the state at height 0 and its decisions, the first time. */
  readonly begin: (genesis: PoolState) => Promise<void>;
  /** Writes what a decided block leads to, in the transaction that makes the block durable. */
  readonly persist: (tx: Transaction, decided: Decided<PoolState, Decision>) => Promise<void>;
  /** The state after `height`: the newest stored one, and the blocks since replayed. */
  readonly load: (height: PosHeight) => Promise<PoolState>;
};

/** Creates the store. */
export function createPoolStore(options: PoolStoreOptions): PoolStore {
  const { store, bus, domain } = options;
  const publish = async (tx: Transaction, decisions: readonly Decision[]) => {
    for (const decision of decisions) {
      await bus.publish(tx, { case: "decision", value: decisionToProto(decision, domain) });
    }
  };
  return {
    begin: (genesis) =>
      store.transaction(async (tx) => {
        const [row] = await tx`SELECT height FROM pool_snapshots LIMIT 1`;
        if (row !== undefined) return;
        await writeSnapshot(tx, genesis);
        await publish(tx, genesisDecisions(genesis));
      }),
    persist: async (tx, { height, state, decisions }) => {
      if (height % snapshotEvery === 0n) await writeSnapshot(tx, state);
      for (const decision of decisions) await recordHistory(tx, decision);
      await publish(tx, decisions);
    },
    load: (height) => loadState(options, height),
  };
}

/** A batch as the history knows it. */
export type BatchRecord = {
  readonly attempt: number;
  readonly stage: "open" | "proposed" | "endorsed" | "signed" | "posted" | "final";
  readonly header: Uint8Array | undefined;
  readonly l1TxHash: Hex | undefined;
};

/** The newest known stage of a batch. */
export async function findBatch(sql: Sql, index: BatchIndex): Promise<BatchRecord | undefined> {
  const [row] = await sql<
    {
      attempt: number;
      stage: BatchRecord["stage"];
      header: Uint8Array | null;
      l1_tx_hash: Uint8Array | null;
    }[]
  >`SELECT attempt, stage, header, l1_tx_hash FROM pool_batches WHERE batch_index = ${index}`;
  if (row === undefined) return undefined;
  return {
    attempt: row.attempt,
    stage: row.stage,
    header: row.header === null ? undefined : new Uint8Array(row.header),
    l1TxHash: row.l1_tx_hash === null ? undefined : bytesToHex(row.l1_tx_hash),
  };
}

/** Height of the PoS block that certified an L2 block. */
export async function findCertifier(
  sql: Sql,
  l2Height: BlockHeight,
): Promise<PosHeight | undefined> {
  const [row] = await sql<{ pos_height: bigint; to_height: bigint }[]>`
    SELECT pos_height, to_height FROM pool_certified
    WHERE from_height <= ${l2Height} ORDER BY from_height DESC LIMIT 1`;
  return row === undefined || row.to_height < l2Height ? undefined : row.pos_height;
}

async function writeSnapshot(tx: Transaction, state: PoolState): Promise<void> {
  await tx`INSERT INTO pool_snapshots (height, state) VALUES (${state.height}, ${encodeCanonical(state)})`;
  await tx`DELETE FROM pool_snapshots WHERE height < ${state.height}`;
}

async function loadState(
  { store, domain, app }: PoolStoreOptions,
  height: PosHeight,
): Promise<PoolState> {
  const [row] = await store.sql<{ state: string }[]>`
    SELECT state FROM pool_snapshots WHERE height <= ${height} ORDER BY height DESC LIMIT 1`;
  assert(row !== undefined, "a state was stored at genesis", { height });
  const chain = createChainStore(store, domain);
  let state = decodeState(row.state);
  while (state.height < height) {
    const stored = await chain.readBlock(state.height + 1n);
    assert(stored !== undefined, "every block is stored", { height: state.height + 1n });
    const replayed = app.finalizeBlock(state, stored.block, stored.certificate);
    assert(replayed.appHash === stored.appHash, "a replayed block leads to the same state", {
      height,
    });
    state = replayed.state;
  }
  return state;
}

async function recordHistory(tx: Transaction, decision: Decision): Promise<void> {
  switch (decision.type) {
    case "blocksCertified": {
      const to = decision.from + BigInt(decision.hashes.length) - 1n;
      await tx`INSERT INTO pool_certified (from_height, to_height, pos_height)
        VALUES (${decision.from}, ${to}, ${decision.posHeight})`;
      return;
    }
    case "batchOpened":
      return setStage(tx, {
        index: decision.index,
        attempt: decision.attempt,
        stage: "open",
        header: null,
      });
    case "batchProposed":
    case "batchEndorsed":
    case "batchSigned": {
      const { header, attempt } = decision;
      const stage = (
        { batchProposed: "proposed", batchEndorsed: "endorsed", batchSigned: "signed" } as const
      )[decision.type];
      return setStage(tx, {
        index: header.index,
        attempt,
        stage,
        header: encodeBatchHeader(header),
      });
    }
    case "batchPosted":
      await tx`UPDATE pool_batches SET stage = 'posted', l1_tx_hash = ${hexToBytes(decision.l1TxHash)}
        WHERE batch_index = ${decision.index}`;
      return;
    case "batchFinal":
      await tx`UPDATE pool_batches SET stage = 'final'
        WHERE batch_index <= ${decision.index} AND stage = 'posted'`;
      return;
    default:
      return;
  }
}

async function setStage(
  tx: Transaction,
  row: {
    index: BatchIndex;
    attempt: number;
    stage: BatchRecord["stage"];
    header: Uint8Array | null;
  },
): Promise<void> {
  await tx`INSERT INTO pool_batches (batch_index, attempt, stage, header)
    VALUES (${row.index}, ${row.attempt}, ${row.stage}, ${row.header})
    ON CONFLICT (batch_index) DO UPDATE
    SET attempt = excluded.attempt, stage = excluded.stage, header = excluded.header, l1_tx_hash = NULL`;
}
