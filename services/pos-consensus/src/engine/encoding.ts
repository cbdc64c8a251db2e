/** Canonical RLP of what only the engine's own store holds: WAL records and the start of a height. */
import {
  bytesToHex,
  decodePosBlock,
  decodeSignedProposal,
  decodeSignedVote,
  encodePosBlock,
  encodeSignedProposal,
  encodeSignedVote,
  hexToBytes,
  RlpError,
  type RlpItem,
  rlpDecode,
  rlpEncode,
  rlpToUint,
  rlpUint,
  type SigningDomain,
} from "@sequorum/protocol";
import type { WalRecord } from "../core/tendermint/effect.ts";
import type { HeightStart } from "../core/tendermint/input.ts";

const kinds = { ownVote: 1n, ownProposal: 2n, lock: 3n } as const;

/** Encodes a WAL record. */
export function encodeWalRecord(record: WalRecord): Uint8Array {
  const kind = rlpUint(kinds[record.type]);
  switch (record.type) {
    case "ownVote":
      return rlpEncode([kind, encodeSignedVote(record.vote)]);
    case "ownProposal":
      return rlpEncode([kind, encodeSignedProposal(record.proposal), encodePosBlock(record.block)]);
    case "lock":
      return rlpEncode([
        kind,
        rlpUint(record.height),
        rlpUint(BigInt(record.round)),
        hexToBytes(record.blockId),
        encodePosBlock(record.block),
        record.prevotes.map(encodeSignedVote),
      ]);
  }
}

/** Inverse of `encodeWalRecord`; throws `RlpError`. */
export function decodeWalRecord(domain: SigningDomain, bytes: Uint8Array): WalRecord {
  const fields = listOf(rlpDecode(bytes));
  switch (rlpToUint(fields[0])) {
    case kinds.ownVote:
      return { type: "ownVote", vote: decodeSignedVote(domain, bytesOf(fields[1])) };
    case kinds.ownProposal:
      return {
        type: "ownProposal",
        proposal: decodeSignedProposal(domain, bytesOf(fields[1])),
        block: decodePosBlock(bytesOf(fields[2])),
      };
    case kinds.lock:
      return {
        type: "lock",
        height: rlpToUint(fields[1]),
        round: Number(rlpToUint(fields[2], 32)),
        blockId: bytesToHex(bytesOf(fields[3])),
        block: decodePosBlock(bytesOf(fields[4])),
        prevotes: listOf(fields[5]).map((item) => decodeSignedVote(domain, bytesOf(item))),
      };
    default:
      throw new RlpError("unknown WAL record");
  }
}

/** Encodes the start of a height; priorities are signed integers. */
export function encodeHeightStart(start: HeightStart): Uint8Array {
  return rlpEncode([
    rlpUint(start.height),
    start.validators.map(({ address, power }, i) => {
      const priority = start.priorities[i] ?? 0n;
      const magnitude = priority < 0n ? -priority : priority;
      return [
        hexToBytes(address),
        rlpUint(power),
        rlpUint(priority < 0n ? 1n : 0n),
        rlpUint(magnitude),
      ];
    }),
  ]);
}

/** Inverse of `encodeHeightStart`; throws `RlpError`. */
export function decodeHeightStart(bytes: Uint8Array): HeightStart {
  const [height, validators] = listOf(rlpDecode(bytes));
  const members = listOf(validators).map((item) => {
    const [address, power, isNegative, magnitude] = listOf(item);
    const priority = rlpToUint(magnitude);
    return {
      validator: { address: bytesToHex(bytesOf(address)), power: rlpToUint(power) },
      priority: rlpToUint(isNegative) === 1n ? -priority : priority,
    };
  });
  return {
    height: rlpToUint(height, 64),
    validators: members.map(({ validator }) => validator),
    priorities: members.map(({ priority }) => priority),
  };
}

function bytesOf(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError("expected bytes");
  return item;
}

function listOf(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError("expected a list");
  return item;
}
