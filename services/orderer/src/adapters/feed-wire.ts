/** The feed's messages between protobuf and domain; what is malformed is refused here, once. */
import { type Hex, hexToBytes } from "@sequorum/protocol";
import type { StreamFeedResponse } from "@sequorum/proto/feed";
import type { SealedBlock } from "@sequorum/proto/types";
import { decodeBlock, type L2Block } from "@sequorum/stf";
import type { LeaderHeartbeat } from "../seals.ts";
import { hexOf, type StoredBlock } from "./block-rows.ts";
import type { FeedBlock, FeedMessage } from "./feed-hub.ts";

/** Size of a block's RLP that is looked at: transactions that fit into a batch, forced ones, and the header. */
export const blockBytesMax = 4 * 1_024 * 1_024;

/** A block that arrived. */
export type ArrivedBlock = {
  readonly block: L2Block;
  readonly rlp: Uint8Array;
  readonly seal: Hex;
  readonly sealTerm: bigint;
  readonly originNumber: bigint;
};

/** A block for the wire; one without a seal carries an empty signature. */
export function feedBlockOf({
  block,
  rlp,
  seal,
  originNumber,
  forcedCount,
}: StoredBlock): FeedBlock {
  const { number: height, term } = block.header;
  return {
    rlp,
    term,
    signature: seal ?? "0x",
    originNumber,
    hash: block.hash,
    height,
    forcedCount,
  };
}

/** Protobuf of a block. */
export function sealedBlockToProto(block: FeedBlock) {
  return {
    rlp: block.rlp,
    term: block.term,
    signature: hexToBytes(block.signature),
    l1OriginNumber: block.originNumber,
    hash: hexToBytes(block.hash),
    height: block.height,
    forcedTransactions: block.forcedCount,
  };
}

/** Protobuf of a message. */
export function feedMessageToProto(message: FeedMessage) {
  if (message.type === "block") {
    return { message: { case: "block" as const, value: sealedBlockToProto(message.block) } };
  }
  const { term, sequence, headHeight, headHash } = message.heartbeat;
  const value = {
    term,
    sequence,
    headHeight,
    headHash: hexToBytes(headHash),
    signature: hexToBytes(message.signature),
  };
  return { message: { case: "heartbeat" as const, value } };
}

/** A block from the wire, or why not. The hash on the wire is not believed. */
export function arrivedBlockOf(
  message: SealedBlock,
): ArrivedBlock | "MALFORMED" | "OVERSIZED" | "SEAL_MISMATCH" {
  if (message.rlp.length > blockBytesMax) return "OVERSIZED";
  if (message.signature.length !== 65 && message.signature.length !== 0) return "MALFORMED";
  const block = decodeBlock(message.rlp);
  if (block === undefined) return "MALFORMED";
  const isSame = message.term === block.header.term && message.height === block.header.number;
  if (!isSame || hexOf(message.hash) !== block.hash) return "SEAL_MISMATCH";
  const { rlp, term: sealTerm, l1OriginNumber: originNumber } = message;
  return { block, rlp, seal: hexOf(message.signature), sealTerm, originNumber };
}

/** A heartbeat from the wire; undefined when it is malformed. */
export function arrivedHeartbeatOf(
  message: Extract<StreamFeedResponse["message"], { case: "heartbeat" }>["value"],
): { readonly heartbeat: LeaderHeartbeat; readonly signature: Hex } | undefined {
  const { term, sequence, headHeight, headHash, signature } = message;
  if (headHash.length !== 32 || signature.length !== 65) return undefined;
  return {
    heartbeat: { term, sequence, headHeight, headHash: hexOf(headHash) },
    signature: hexOf(signature),
  };
}
