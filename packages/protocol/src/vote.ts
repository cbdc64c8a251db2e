/**
 * Votes and proposals of the PoS chain and the certificate that > 2/3 of them make (arXiv 1807.04938).
 * Signed as EIP-712 structs, so that L1 can judge double votes and broken confirmations.
 */
import { assert } from "./assert.ts";
import { bytesToHex, type Hex, hexToBytes, keccak256, zeroHash } from "./bytes.ts";
import type { PosHeight } from "./ids.ts";
import { hasByzantineQuorum } from "./quorum.ts";
import { RlpError, type RlpItem, rlpDecode, rlpEncode, rlpToUint, rlpUint } from "./rlp.ts";
import { recoverAddress } from "./secp256k1.ts";
import { hashTypedData, type SigningDomain } from "./typed-data.ts";

/** The two kinds of votes. */
export type VoteType = "prevote" | "precommit";

/** What a validator signs: its choice for one (height, round, type); `blockId` zero is nil. */
export type Vote = {
  readonly type: VoteType;
  readonly height: PosHeight;
  readonly round: number;
  readonly blockId: Hex;
};

/** A vote with its signature and the address that the signature recovers to. */
export type SignedVote = Vote & { readonly validator: Hex; readonly signature: Hex };

/** What a proposer signs; `validRound` is -1 for a fresh block, else the round of its 2f+1 prevotes. */
export type PosProposal = {
  readonly height: PosHeight;
  readonly round: number;
  readonly validRound: number;
  readonly blockId: Hex;
};

/** A proposal with its signature and the address that the signature recovers to. */
export type SignedProposal = PosProposal & { readonly proposer: Hex; readonly signature: Hex };

/** A member of the validator set of a height; `power` is its stake in wei. */
export type Validator = { readonly address: Hex; readonly power: bigint };

/** Precommits of > 2/3 of the power for one block, in the order of the validator set. */
export type CommitCertificate = {
  readonly height: PosHeight;
  readonly round: number;
  readonly blockId: Hex;
  readonly signatures: readonly { readonly validator: Hex; readonly signature: Hex }[];
};

/** Two votes of one validator for one (height, round, type): slashable on L1. `first` came first here. */
export type DoubleVote = { readonly first: SignedVote; readonly second: SignedVote };

/** The vote for no block. */
export const nilBlockId: Hex = zeroHash;

/** Highest round that the encodings carry. */
export const roundMax = 2 ** 31 - 1;

const voteTypeString = "Vote(uint8 voteType,uint64 height,uint32 round,bytes32 blockId)";
const proposalTypeString =
  "PosProposal(uint64 height,uint32 round,int32 validRound,bytes32 blockId)";

/** EIP-712 digest of a vote. */
export function voteDigest(domain: SigningDomain, vote: Vote): Hex {
  return hashTypedData(domain, voteTypeString, [
    vote.type === "prevote" ? 1n : 2n,
    vote.height,
    BigInt(vote.round),
    vote.blockId,
  ]);
}

/** EIP-712 digest of a proposal. */
export function proposalDigest(domain: SigningDomain, proposal: PosProposal): Hex {
  return hashTypedData(domain, proposalTypeString, [
    proposal.height,
    BigInt(proposal.round),
    BigInt(proposal.validRound),
    proposal.blockId,
  ]);
}

/** Total power of a validator set. */
export function totalPower(validators: readonly Validator[]): bigint {
  return validators.reduce((sum, { power }) => sum + power, 0n);
}

/** Why a certificate is not one. */
export type CertificateFault =
  | "SIGNER_NOT_IN_SET"
  | "SIGNERS_NOT_IN_ORDER"
  | "NIL_CERTIFICATE"
  | "POWER_TOO_LOW"
  | "BAD_SIGNATURE";

/** Checks every signature and the power (strictly > 2/3); undefined means that the certificate holds. */
export function findCertificateFault(
  domain: SigningDomain,
  certificate: CommitCertificate,
  validators: readonly Validator[],
): CertificateFault | undefined {
  if (certificate.blockId === nilBlockId) return "NIL_CERTIFICATE";
  const position = new Map(validators.map(({ address }, i) => [address, i]));
  let [previous, power] = [-1, 0n];
  for (const { validator } of certificate.signatures) {
    const at = position.get(validator);
    const member = at === undefined ? undefined : validators[at];
    if (at === undefined || member === undefined) return "SIGNER_NOT_IN_SET";
    if (at <= previous) return "SIGNERS_NOT_IN_ORDER";
    previous = at;
    power += member.power;
  }
  if (!hasByzantineQuorum(power, totalPower(validators))) return "POWER_TOO_LOW";
  const digest = voteDigest(domain, { ...certificate, type: "precommit" });
  const valid = certificate.signatures.every(
    ({ validator, signature }) => recoverAddress(digest, signature) === validator,
  );
  return valid ? undefined : "BAD_SIGNATURE";
}

/** Canonical encoding of a certificate. */
export function encodeCommitCertificate(certificate: CommitCertificate): Uint8Array {
  assert(certificate.round >= 0, "a certificate has a round", { round: certificate.round });
  return rlpEncode([
    rlpUint(certificate.height),
    rlpUint(BigInt(certificate.round)),
    hexToBytes(certificate.blockId),
    certificate.signatures.map((s) => [hexToBytes(s.validator), hexToBytes(s.signature)]),
  ]);
}

/** Inverse of `encodeCommitCertificate`; throws `RlpError`. */
export function decodeCommitCertificate(bytes: Uint8Array): CommitCertificate {
  const [height, round, blockId, signatures] = listOf(rlpDecode(bytes), 4);
  return {
    height: rlpToUint(height, 64),
    round: toRound(round),
    blockId: toHex(blockId, 32),
    signatures: listOf(signatures).map((item) => {
      const [validator, signature] = listOf(item, 2);
      return { validator: toHex(validator, 20), signature: toHex(signature, 65) };
    }),
  };
}

/** Hash of a certificate as a block header names it; no certificate (first block) is zero. */
export function hashCommitCertificate(certificate: CommitCertificate | undefined): Hex {
  return certificate === undefined ? zeroHash : keccak256(encodeCommitCertificate(certificate));
}

/** Canonical encoding of a signed vote (without the validator: it is recovered). */
export function encodeSignedVote(vote: SignedVote): Uint8Array {
  return rlpEncode([
    rlpUint(vote.type === "prevote" ? 1n : 2n),
    rlpUint(vote.height),
    rlpUint(BigInt(vote.round)),
    hexToBytes(vote.blockId),
    hexToBytes(vote.signature),
  ]);
}

/** Inverse of `encodeSignedVote`; recovers the validator. Throws `RlpError`. */
export function decodeSignedVote(domain: SigningDomain, bytes: Uint8Array): SignedVote {
  const [kind, height, round, blockId, signature] = listOf(rlpDecode(bytes), 5);
  const type = voteTypeOf(rlpToUint(kind, 8));
  const vote: Vote = {
    type,
    height: rlpToUint(height, 64),
    round: toRound(round),
    blockId: toHex(blockId, 32),
  };
  const signed = toHex(signature, 65);
  const validator = recoverAddress(voteDigest(domain, vote), signed);
  if (validator === undefined) throw new RlpError("vote with a malformed signature");
  return { ...vote, validator, signature: signed };
}

/** Canonical encoding of a signed proposal (without the proposer: it is recovered). */
export function encodeSignedProposal(proposal: SignedProposal): Uint8Array {
  return rlpEncode([
    rlpUint(proposal.height),
    rlpUint(BigInt(proposal.round)),
    rlpUint(BigInt(proposal.validRound + 1)),
    hexToBytes(proposal.blockId),
    hexToBytes(proposal.signature),
  ]);
}

/** Inverse of `encodeSignedProposal`; recovers the proposer. Throws `RlpError`. */
export function decodeSignedProposal(domain: SigningDomain, bytes: Uint8Array): SignedProposal {
  const [height, round, validRound, blockId, signature] = listOf(rlpDecode(bytes), 5);
  const proposal: PosProposal = {
    height: rlpToUint(height, 64),
    round: toRound(round),
    validRound: toRound(validRound) - 1,
    blockId: toHex(blockId, 32),
  };
  const signed = toHex(signature, 65);
  const proposer = recoverAddress(proposalDigest(domain, proposal), signed);
  if (proposer === undefined) throw new RlpError("proposal with a malformed signature");
  return { ...proposal, proposer, signature: signed };
}

function voteTypeOf(code: bigint): VoteType {
  if (code === 1n) return "prevote";
  if (code === 2n) return "precommit";
  throw new RlpError("unknown vote type");
}

function toRound(item: RlpItem | undefined): number {
  const round = Number(rlpToUint(item, 32));
  if (round > roundMax) throw new RlpError("round too large");
  return round;
}

function toHex(item: RlpItem | undefined, size: number): Hex {
  if (!(item instanceof Uint8Array) || item.length !== size) {
    throw new RlpError(`expected ${size} bytes`);
  }
  return bytesToHex(item);
}

function listOf(item: RlpItem | undefined, length?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError("expected a list");
  if (length !== undefined && item.length !== length) throw new RlpError("wrong number of fields");
  return item;
}
