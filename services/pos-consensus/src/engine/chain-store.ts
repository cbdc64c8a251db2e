/** Blocks, WAL and evidence in Postgres. Every function here is durable (fsynced commit) when it resolves. */
import {
  bytesToHex,
  type CommitCertificate,
  type DoubleVote,
  decodeCommitCertificate,
  decodePosBlock,
  decodeSignedVote,
  encodeCommitCertificate,
  encodePosBlock,
  encodeSignedVote,
  type Hex,
  hexToBytes,
  type PosBlock,
  type PosHeight,
  type SigningDomain,
} from "@sequorum/protocol";
import { FatalError } from "@sequorum/service";
import type { Store, Transaction } from "@sequorum/store";
import type { WalRecord } from "../core/tendermint/effect.ts";
import type { HeightStart } from "../core/tendermint/input.ts";
import {
  decodeHeightStart,
  decodeWalRecord,
  encodeHeightStart,
  encodeWalRecord,
} from "./encoding.ts";

/** A decided block as it is stored, with what the next height starts with. */
export type StoredBlock = {
  readonly blockId: Hex;
  readonly block: PosBlock;
  readonly certificate: CommitCertificate;
  readonly appHash: Hex;
  readonly next: HeightStart;
};

/** The durable side of the engine. */
export type ChainStore = {
  /** Makes sure that the store belongs to this validator and chain; throws `FatalError` otherwise. */
  readonly claim: (validator: Hex, genesisHash: Hex) => Promise<void>;
  readonly readLast: () => Promise<StoredBlock | undefined>;
  readonly readBlock: (height: PosHeight) => Promise<StoredBlock | undefined>;
  readonly readWal: (height: PosHeight) => Promise<WalRecord[]>;
  readonly appendWal: (record: WalRecord) => Promise<void>;
  /** Stores a block, forgets the WAL of its height and does `work`, all in one transaction. */
  readonly commitBlock: (
    stored: StoredBlock,
    work: (tx: Transaction) => Promise<void>,
  ) => Promise<void>;
  readonly addDoubleVote: (evidence: DoubleVote) => Promise<void>;
  readonly readDoubleVotes: () => Promise<DoubleVote[]>;
};

type BlockRow = {
  readonly block_id: Uint8Array;
  readonly block: Uint8Array;
  readonly certificate: Uint8Array;
  readonly app_hash: Uint8Array;
  readonly next_validators: Uint8Array;
};

/** The chain store over a service's store. */
export function createChainStore(store: Store, domain: SigningDomain): ChainStore {
  const { sql } = store;
  return {
    claim: (validator, genesisHash) => claim(store, validator, genesisHash),
    readLast: async () => {
      const rows = await sql<BlockRow[]>`
        SELECT * FROM consensus_blocks ORDER BY height DESC LIMIT 1`;
      return rows[0] === undefined ? undefined : toStoredBlock(rows[0]);
    },
    readBlock: async (height) => {
      const rows = await sql<BlockRow[]>`SELECT * FROM consensus_blocks WHERE height = ${height}`;
      return rows[0] === undefined ? undefined : toStoredBlock(rows[0]);
    },
    readWal: async (height) => {
      const rows = await sql<{ record: Uint8Array }[]>`
        SELECT record FROM consensus_wal WHERE height = ${height} ORDER BY id`;
      return rows.map(({ record }) => decodeWalRecord(domain, new Uint8Array(record)));
    },
    appendWal: async (record) => {
      const { height, round, kind } = walKey(record);
      await sql`
        INSERT INTO consensus_wal (height, round, kind, record)
        VALUES (${height}, ${round}, ${kind}, ${encodeWalRecord(record)})`;
    },
    commitBlock: (stored, work) =>
      store.transaction(async (tx) => {
        const { height } = stored.block.header;
        await tx`
          INSERT INTO consensus_blocks ${tx({
            height,
            block_id: hexToBytes(stored.blockId),
            block: encodePosBlock(stored.block),
            certificate: encodeCommitCertificate(stored.certificate),
            app_hash: hexToBytes(stored.appHash),
            next_validators: encodeHeightStart(stored.next),
          })}`;
        await tx`DELETE FROM consensus_wal WHERE height <= ${height}`;
        await work(tx);
      }),
    addDoubleVote: async ({ first, second }) => {
      await sql`
        INSERT INTO consensus_double_votes ${sql({
          validator: hexToBytes(first.validator),
          height: first.height,
          round: first.round,
          vote_type: first.type,
          first_vote: encodeSignedVote(first),
          second_vote: encodeSignedVote(second),
        })} ON CONFLICT DO NOTHING`;
    },
    readDoubleVotes: async () => {
      const rows = await sql<{ first_vote: Uint8Array; second_vote: Uint8Array }[]>`
        SELECT first_vote, second_vote FROM consensus_double_votes ORDER BY height, round`;
      return rows.map((row) => ({
        first: decodeSignedVote(domain, new Uint8Array(row.first_vote)),
        second: decodeSignedVote(domain, new Uint8Array(row.second_vote)),
      }));
    },
  };
}

async function claim({ sql }: Store, validator: Hex, genesisHash: Hex): Promise<void> {
  await sql`
    INSERT INTO consensus_identity (validator, genesis)
    VALUES (${hexToBytes(validator)}, ${hexToBytes(genesisHash)}) ON CONFLICT DO NOTHING`;
  const [row] = await sql<{ validator: Uint8Array; genesis: Uint8Array }[]>`
    SELECT validator, genesis FROM consensus_identity`;
  const owner = row === undefined ? "nobody" : bytesToHex(row.validator);
  if (owner !== validator) throw new FatalError(`the store belongs to validator ${owner}`);
  if (row === undefined || bytesToHex(row.genesis) !== genesisHash) {
    throw new FatalError("the store belongs to another PoS chain: its genesis differs");
  }
}

function walKey(record: WalRecord): { height: PosHeight; round: number; kind: string } {
  switch (record.type) {
    case "ownVote":
      return { height: record.vote.height, round: record.vote.round, kind: record.vote.type };
    case "ownProposal":
      return { height: record.proposal.height, round: record.proposal.round, kind: "proposal" };
    case "lock":
      return { height: record.height, round: record.round, kind: "lock" };
  }
}

function toStoredBlock(row: BlockRow): StoredBlock {
  const block = decodePosBlock(new Uint8Array(row.block));
  const next = decodeHeightStart(new Uint8Array(row.next_validators));
  return {
    blockId: bytesToHex(row.block_id),
    block,
    certificate: decodeCommitCertificate(new Uint8Array(row.certificate)),
    appHash: bytesToHex(row.app_hash),
    next,
  };
}
