/** Protobuf messages of the consensus channel to and from domain values; everything unsigned is checked here, once. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PeerMessage, PeerMessageSchema } from "@sequorum/proto/consensus";
import {
  bytesToHex,
  type CommitCertificate,
  decodePosBlock,
  encodePosBlock,
  type Hex,
  hexToBytes,
  nilBlockId,
  type PosBlock,
  type PosHeight,
  type PosProposal,
  roundMax,
  type SignedVote,
} from "@sequorum/protocol";
import type { Message } from "../core/tendermint/effect.ts";
import type { HeightStep, PeerStatus } from "../core/tendermint/input.ts";

/** What arrives from a peer: well formed, signatures not verified. */
export type IncomingMessage =
  | { readonly type: "vote"; readonly vote: SignedVote }
  | {
      readonly type: "proposal";
      readonly proposal: Omit<PosProposal, "blockId"> & {
        readonly proposer: Hex;
        readonly signature: Hex;
      };
      readonly block: PosBlock;
    }
  | { readonly type: "status"; readonly status: PeerStatus }
  | { readonly type: "blockRequest"; readonly from: PosHeight; readonly to: PosHeight }
  | {
      readonly type: "blocks";
      readonly blocks: readonly {
        readonly block: PosBlock;
        readonly certificate: CommitCertificate;
      }[];
    }
  | { readonly type: "transactions"; readonly transactions: readonly Hex[] };

/** A message in the form that is sent. */
export type OutgoingMessage = MessageInitShape<typeof PeerMessageSchema>;

/** A message that no honest peer sends. */
export class MalformedMessage extends Error {}

/** Blocks that one request may ask for. */
export const blocksPerRequestMax = 32;

/** Transactions that one message may carry. */
export const transactionsPerMessageMax = 1_024;

const steps: readonly HeightStep[] = ["waiting", "propose", "prevote", "precommit", "decided"];
const signaturesMax = 1_024;

/** Encodes a message of the core. */
export function toPeerMessage(message: Message): OutgoingMessage {
  switch (message.type) {
    case "vote": {
      const { type, height, round, blockId, validator, signature } = message.vote;
      const value = {
        voteType: type === "prevote" ? 1 : 2,
        height,
        round,
        blockId: blockId === nilBlockId ? new Uint8Array(0) : hexToBytes(blockId),
        voter: hexToBytes(validator),
        signature: hexToBytes(signature),
      };
      return { message: { case: "vote", value } };
    }
    case "proposal": {
      const { height, round, validRound, proposer, signature } = message.proposal;
      const value = {
        height,
        round,
        validRound,
        block: encodePosBlock(message.block),
        proposer: hexToBytes(proposer),
        signature: hexToBytes(signature),
      };
      return { message: { case: "proposal", value } };
    }
    case "status": {
      const { height, round, step } = message.status;
      return { message: { case: "status", value: { height, round, step: steps.indexOf(step) } } };
    }
    case "blockRequest": {
      const to = message.height + BigInt(blocksPerRequestMax) - 1n;
      return { message: { case: "blockRequest", value: { from: message.height, to } } };
    }
  }
}

/** Encodes decided blocks. */
export function toBlockResponse(
  blocks: readonly { readonly block: PosBlock; readonly certificate: CommitCertificate }[],
): OutgoingMessage {
  const encoded = blocks.map(({ block, certificate }) => ({
    block: encodePosBlock(block),
    certificate: {
      height: certificate.height,
      round: certificate.round,
      blockId: hexToBytes(certificate.blockId),
      signatures: certificate.signatures.map(({ validator, signature }) => ({
        voter: hexToBytes(validator),
        signature: hexToBytes(signature),
      })),
    },
  }));
  return { message: { case: "blockResponse", value: { blocks: encoded } } };
}

/** Encodes gossiped transactions. */
export function toTransactionGossip(transactions: readonly Hex[]): OutgoingMessage {
  const value = { transactions: transactions.map(hexToBytes) };
  return { message: { case: "poolTransactions", value } };
}

/** Decodes a message; throws `MalformedMessage`. */
export function fromPeerMessage(
  { message }: PeerMessage,
  limits: { readonly blockBytesMax: number },
): IncomingMessage {
  switch (message.case) {
    case "vote":
      return { type: "vote", vote: toVote(message.value) };
    case "proposal": {
      const { height, round, validRound, block, proposer, signature } = message.value;
      if (validRound < -1) throw new MalformedMessage("validRound below -1");
      const proposal = {
        height,
        round: toRound(round),
        validRound: toRound(validRound + 1) - 1,
        proposer: toHex(proposer, 20),
        signature: toHex(signature, 65),
      };
      return { type: "proposal", proposal, block: toBlock(block, limits) };
    }
    case "status": {
      const { height, round } = message.value;
      const step = steps[message.value.step];
      if (step === undefined) throw new MalformedMessage("unknown step");
      return { type: "status", status: { height, round: toRound(round), step } };
    }
    case "blockRequest":
      return { type: "blockRequest", from: message.value.from, to: message.value.to };
    case "blockResponse": {
      const { blocks } = message.value;
      if (blocks.length > blocksPerRequestMax) throw new MalformedMessage("too many blocks");
      return { type: "blocks", blocks: blocks.map((decided) => toDecided(decided, limits)) };
    }
    case "poolTransactions": {
      const { transactions } = message.value;
      if (transactions.length > transactionsPerMessageMax) {
        throw new MalformedMessage("too many transactions");
      }
      return { type: "transactions", transactions: transactions.map(bytesToHex) };
    }
    case undefined:
      throw new MalformedMessage("empty message");
  }
}

type WireVote = Extract<PeerMessage["message"], { case: "vote" }>["value"];
type WireDecided = Extract<
  PeerMessage["message"],
  { case: "blockResponse" }
>["value"]["blocks"][number];

function toVote(wire: WireVote): SignedVote {
  if (wire.voteType !== 1 && wire.voteType !== 2) throw new MalformedMessage("unknown vote type");
  return {
    type: wire.voteType === 1 ? "prevote" : "precommit",
    height: wire.height,
    round: toRound(wire.round),
    blockId: wire.blockId.length === 0 ? nilBlockId : toHex(wire.blockId, 32),
    validator: toHex(wire.voter, 20),
    signature: toHex(wire.signature, 65),
  };
}

function toDecided(wire: WireDecided, limits: { readonly blockBytesMax: number }) {
  const { certificate } = wire;
  if (certificate === undefined) throw new MalformedMessage("block without certificate");
  if (certificate.signatures.length > signaturesMax)
    throw new MalformedMessage("too many signatures");
  return {
    block: toBlock(wire.block, limits),
    certificate: {
      height: certificate.height,
      round: toRound(certificate.round),
      blockId: toHex(certificate.blockId, 32),
      signatures: certificate.signatures.map(({ voter, signature }) => ({
        validator: toHex(voter, 20),
        signature: toHex(signature, 65),
      })),
    },
  };
}

function toBlock(
  bytes: Uint8Array,
  { blockBytesMax }: { readonly blockBytesMax: number },
): PosBlock {
  if (bytes.length > blockBytesMax) throw new MalformedMessage("block too large");
  try {
    return decodePosBlock(bytes);
  } catch (error) {
    throw new MalformedMessage("block is not canonical RLP", { cause: error });
  }
}

function toRound(round: number): number {
  if (round > roundMax) throw new MalformedMessage("round too large");
  return round;
}

function toHex(bytes: Uint8Array, size: number): Hex {
  if (bytes.length !== size) throw new MalformedMessage(`expected ${size} bytes`);
  return bytesToHex(bytes);
}
