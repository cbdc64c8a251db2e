/** What a leader signs: blocks and signs of life. EIP-712 in the network's domain, so that L1 can judge a double seal. */
import {
  type Hex,
  hashTypedData,
  recoverAddress,
  type SigningDomain,
  signDigest,
} from "@sequorum/protocol";

const blockSealType = "BlockSeal(uint64 chainId,uint64 term,uint64 height,bytes32 blockHash)";
const heartbeatType =
  "LeaderHeartbeat(uint64 chainId,uint64 term,uint64 sequence,uint64 headHeight,bytes32 headHash)";

/** A leader's statement about a block. */
export type BlockSeal = { readonly term: bigint; readonly height: bigint; readonly blockHash: Hex };

/** A leader's sign of life. */
export type LeaderHeartbeat = {
  readonly term: bigint;
  readonly sequence: bigint;
  readonly headHeight: bigint;
  readonly headHash: Hex;
};

/** Chain and domain that everything is signed for. */
export type SealContext = { readonly chainId: bigint; readonly domain: SigningDomain };

/** Digest of a seal. */
export function sealDigest({ chainId, domain }: SealContext, seal: BlockSeal): Hex {
  return hashTypedData(domain, blockSealType, [chainId, seal.term, seal.height, seal.blockHash]);
}

/** Digest of a heartbeat. */
export function heartbeatDigest({ chainId, domain }: SealContext, beat: LeaderHeartbeat): Hex {
  const { term, sequence, headHeight, headHash } = beat;
  return hashTypedData(domain, heartbeatType, [chainId, term, sequence, headHeight, headHash]);
}

/** Signs a block; the caller makes sure that it is the only one for its term and height. */
export function signSeal(context: SealContext, seal: BlockSeal, privateKey: Uint8Array): Hex {
  return signDigest(privateKey, sealDigest(context, seal));
}

/** Who sealed the block; undefined when the signature is none. */
export function sealSigner(context: SealContext, seal: BlockSeal, signature: Hex): Hex | undefined {
  return recoverAddress(sealDigest(context, seal), signature);
}
