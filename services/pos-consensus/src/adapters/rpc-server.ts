/** PosConsensusService: the pool for the operator's own services. */
import { PosConsensusService, BatchState } from "@sequorum/proto/consensus";
import { batchHeaderToProto, memberToProto } from "@sequorum/proto/convert/fields";
import { type Event, EventSchema } from "@sequorum/proto/events";
import { fromBinary } from "@bufbuild/protobuf";
import {
  batchDigest,
  decodeBatchHeader,
  decodePayload,
  encodePosBlock,
  hexToBytes,
  rlpDecode,
  rlpEncode,
  type Decision,
  type PosBlock,
} from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler, RpcError, sleep } from "@sequorum/service";
import type { Sql } from "@sequorum/store";
import type { CanonicalView } from "../core/pool/certification.ts";
import type { PoolState } from "../core/pool/state.ts";
import type { Engine } from "../engine/engine-options.ts";
import type { PayloadRelay } from "./payload-relay.ts";
import { type BatchRecord, findBatch, findCertifier } from "./pool-store.ts";

/** What the API works with. */
export type RpcOptions = {
  readonly engine: Engine<PoolState, Decision, CanonicalView>;
  readonly relay: PayloadRelay;
  readonly sql: Sql;
};

/** Events read at a time, and the longest pause before new ones are looked for. */
const eventsPerRead = 256;
const eventPollMs = 1_000;

/** The service and its implementation. */
export function posConsensusRpc({ engine, relay, sql }: RpcOptions): GrpcHandler {
  return grpcHandler(PosConsensusService, {
    async submitPayload({ payload }) {
      const decoded = decodePayload(payload);
      if (decoded === undefined) throw new RpcError("INVALID_ARGUMENT", "MALFORMED");
      return { transactionHash: hexToBytes(await relay.accept(decoded)) };
    },
    async getStatus() {
      const status = engine.status();
      const { certified, keys } = engine.appState();
      return {
        height: status.height,
        blockId: hexToBytes(status.blockId),
        round: status.round,
        peers: status.connectedPeers.length,
        synced: status.isSynced,
        certifiedHeight: certified.height,
        epoch: keys.active?.epoch ?? 0n,
        groupKey: hexToBytes(keys.active?.groupKey ?? "0x"),
        pendingTransactions: status.pendingTransactions,
      };
    },
    async getMembers() {
      const { members, keys } = engine.appState();
      return { epoch: keys.active?.epoch ?? 1n, members: members.map(memberToProto) };
    },
    async getTerm() {
      const { term, leader, firstBlock, lastBlock } = engine.appState().leadership;
      return { term, leader: hexToBytes(leader), firstBlock, lastBlock };
    },
    async getBatch({ index }) {
      const record = await findBatch(sql, index);
      if (record === undefined) throw new RpcError("NOT_FOUND", "BATCH_UNKNOWN");
      return batchAnswer(record, engine.appState());
    },
    async getCommitCertificate({ l2Height }) {
      const posHeight = await findCertifier(sql, l2Height);
      const decided = posHeight === undefined ? undefined : await engine.readBlock(posHeight);
      if (decided === undefined) throw new RpcError("NOT_FOUND", "NOT_CERTIFIED");
      const { block, certificate } = decided;
      return {
        blockHeader: encodeHeader(block),
        certificate: {
          height: certificate.height,
          round: certificate.round,
          blockId: hexToBytes(certificate.blockId),
          signatures: certificate.signatures.map(({ validator, signature }) => ({
            voter: hexToBytes(validator),
            signature: hexToBytes(signature),
          })),
        },
        hashes: block.certified.hashes.map(hexToBytes),
      };
    },
    async *streamDecisions({ fromSequence }, { signal }) {
      for await (const event of eventsFrom({ engine, sql }, fromSequence, signal)) yield { event };
    },
  });
}

function batchAnswer({ stage, attempt, header: encoded, l1TxHash }: BatchRecord, state: PoolState) {
  const header = encoded === undefined ? undefined : decodeBatchHeader(encoded);
  const domain = state.network.domain;
  return {
    state: batchStates[stage],
    attempt,
    ...(header === undefined
      ? {}
      : { header: batchHeaderToProto(header, batchDigest(header, domain)) }),
    l1TxHash: hexToBytes(l1TxHash ?? "0x"),
  };
}

const batchStates: Readonly<Record<BatchRecord["stage"], BatchState>> = {
  open: BatchState.OPEN,
  proposed: BatchState.PROPOSED,
  endorsed: BatchState.ENDORSED,
  signed: BatchState.SIGNED,
  posted: BatchState.POSTED,
  final: BatchState.FINAL,
};

/** The header is the first item of the block's encoding. */
function encodeHeader(block: PosBlock): Uint8Array {
  const items = rlpDecode(encodePosBlock(block));
  const header = items instanceof Uint8Array ? undefined : items[0];
  return rlpEncode(header ?? []);
}

/** Recorded events in order, then new ones: all events of this service are decisions. */
async function* eventsFrom(
  { engine, sql }: Pick<RpcOptions, "engine" | "sql">,
  fromSequence: bigint,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  let next = fromSequence > 0n ? fromSequence : 1n;
  while (!signal.aborted) {
    const decided = Promise.withResolvers<void>();
    const unsubscribe = engine.onDecided(() => decided.resolve());
    try {
      const rows = await sql<{ sequence: bigint; event: Uint8Array }[]>`
        SELECT sequence, event FROM outbox WHERE sequence >= ${next} ORDER BY sequence LIMIT ${eventsPerRead}`;
      for (const { sequence, event } of rows) {
        yield fromBinary(EventSchema, event);
        next = sequence + 1n;
      }
      if (rows.length === 0)
        await Promise.race([decided.promise, sleep(eventPollMs, signal).catch(() => {})]);
    } finally {
      unsubscribe();
    }
  }
}
