/** Real signatures for the simulation, with memory: a signature is verified once, whoever receives it. */
import {
  bodyMatchesHeader,
  bytesToHex,
  type CommitCertificate,
  findCertificateFault,
  type Hex,
  hexToBytes,
  keccak256,
  type PosBlock,
  type PosProposal,
  posBlockId,
  privateKeyToPublicKey,
  proposalDigest,
  publicKeyToAddress,
  recoverAddress,
  type SignedProposal,
  type SignedVote,
  type SigningDomain,
  signDigest,
  type Validator,
  type Vote,
  voteDigest,
} from "@sequorum/protocol";

/** The domain of every simulation. */
export const simDomain: SigningDomain = {
  l1ChainId: 31337n,
  rollupChain: "0x00000000000000000000000000000000000000aa",
};

/** A validator's key. */
export type SimKey = { readonly address: Hex; readonly privateKey: Uint8Array };

/** The i-th key, the same in every simulation. */
export function simKey(index: number): SimKey {
  const known = keys.get(index);
  if (known !== undefined) return known;
  const privateKey = hexToBytes(keccak256(new TextEncoder().encode(`sim key ${index}`)));
  const key = { address: publicKeyToAddress(privateKeyToPublicKey(privateKey)), privateKey };
  keys.set(index, key);
  return key;
}

export function signVote(key: SimKey, vote: Vote): SignedVote {
  const { type, height, round, blockId } = vote;
  const signature = signDigest(key.privateKey, digestOfVote(vote));
  return remember({ type, height, round, blockId, validator: key.address, signature });
}

export function signProposal(key: SimKey, proposal: PosProposal): SignedProposal {
  const signature = signDigest(key.privateKey, proposalDigest(simDomain, proposal));
  return remember({ ...proposal, proposer: key.address, signature });
}

/** Whether the signature recovers to the stated validator. */
export function isVoteSigned(vote: SignedVote): boolean {
  return verifyOnce(
    vote,
    () => recoverAddress(digestOfVote(vote), vote.signature) === vote.validator,
  );
}

/** Whether the signature recovers to the stated proposer. */
export function isProposalSigned(proposal: SignedProposal): boolean {
  return verifyOnce(proposal, () => {
    const digest = proposalDigest(simDomain, proposal);
    return recoverAddress(digest, proposal.signature) === proposal.proposer;
  });
}

/** `findCertificateFault`, once for each certificate object. */
export function certificateFault(
  certificate: CommitCertificate,
  validators: readonly Validator[],
): string | undefined {
  const fault = () => findCertificateFault(simDomain, certificate, validators) === undefined;
  return verifyOnce(certificate, fault) ? undefined : "INVALID";
}

/** Id of a block, computed once for each object. */
export function blockIdOf(block: PosBlock): Hex {
  const known = blockIds.get(block);
  if (known !== undefined) return known;
  const blockId = posBlockId(simDomain, block.header);
  blockIds.set(block, blockId);
  return blockId;
}

/** `bodyMatchesHeader`, once for each object. */
export function isWhole(block: PosBlock): boolean {
  return verifyOnce(block, () => bodyMatchesHeader(block));
}

/** 65 bytes that are no signature of anybody. */
export function garbageSignature(seed: number): Hex {
  const half = keccak256(new TextEncoder().encode(`garbage ${seed}`));
  return bytesToHex(new Uint8Array([...hexToBytes(half), ...hexToBytes(half), 27]));
}

const keys = new Map<number, SimKey>();
const blockIds = new WeakMap<PosBlock, Hex>();
const verified = new WeakMap<object, boolean>();
const voteDigests = new Map<string, Hex>();
const voteDigestsMax = 10_000;

function digestOfVote(vote: Vote): Hex {
  const key = `${vote.type}/${vote.height}/${vote.round}/${vote.blockId}`;
  const known = voteDigests.get(key);
  if (known !== undefined) return known;
  const digest = voteDigest(simDomain, vote);
  if (voteDigests.size >= voteDigestsMax) voteDigests.clear();
  voteDigests.set(key, digest);
  return digest;
}

function remember<T extends object>(signed: T): T {
  verified.set(signed, true);
  return signed;
}

function verifyOnce(signed: object, verify: () => boolean): boolean {
  const known = verified.get(signed);
  if (known !== undefined) return known;
  const isValid = verify();
  verified.set(signed, isValid);
  return isValid;
}
