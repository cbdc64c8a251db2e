/**
 * Transactions of the pool: what a member says to all the others through the PoS chain. A sibling service hands over
 * a payload; pos-consensus signs it with the sequencer key. Canonical RLP `[version, sender, [kind, fields], signature]`;
 * a transaction has no nonce, because every kind is idempotent: the state knows whether its effect is there.
 */
import {
  type BatchHeader,
  batchHeaderBytes,
  decodeBatchHeader,
  encodeBatchHeader,
} from "./batch-header.ts";
import {
  bigintToBytes,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
  keccak256,
} from "./bytes.ts";
import type { BatchIndex, BlockHeight, Epoch, L1BlockNumber, Term } from "./ids.ts";
import { RlpError, type RlpItem, rlpDecode, rlpEncode, rlpUint } from "./rlp.ts";
import {
  type RlpCodec,
  rlpCode,
  rlpFixedHex,
  rlpHex,
  rlpList,
  rlpSafeUint,
  rlpStruct,
  rlpUint64,
  rlpUnion,
} from "./rlp-codec.ts";
import type { SchnorrSignature } from "./schnorr.ts";
import {
  privateKeyToPublicKey,
  publicKeyToAddress,
  recoverAddress,
  signDigest,
} from "./secp256k1.ts";
import type { SigningDomain } from "./typed-data.ts";

/** Something that a member saw on L1 at the configured depth; it counts once >= 2/3 of the power saw the same. */
export type L1Event =
  /** The epoch's key is registered. */
  | {
      readonly type: "epochRegistered";
      readonly epoch: Epoch;
      readonly groupKeyHash: Hex;
      readonly l1TxHash: Hex;
      readonly l1BlockNumber: L1BlockNumber;
    }
  /** L1 accepted the batch. */
  | {
      readonly type: "batchPosted";
      readonly index: BatchIndex;
      readonly digest: Hex;
      readonly l1TxHash: Hex;
      readonly l1BlockNumber: L1BlockNumber;
    }
  /** The batch's challenge window is over in a finalised L1 block. */
  | {
      readonly type: "batchFinal";
      readonly index: BatchIndex;
      readonly digest: Hex;
      /** Last L2 block of the batch. */
      readonly lastBlock: BlockHeight;
    };

/** A pair of FROST nonce commitments: compressed points. */
export type NonceCommitment = { readonly hiding: Hex; readonly binding: Hex };

/** What a pool transaction says. */
export type PoolPayload =
  /** The leader of the current term gave no sign of life in time. */
  | { readonly type: "leaderSilent"; readonly term: Term }
  /** The designated proposer's header for the open batch. */
  | { readonly type: "batchProposal"; readonly attempt: number; readonly header: BatchHeader }
  /** The sender recomputed the header and endorses it: `signature` is over `digest` by the sequencer key. */
  | {
      readonly type: "batchEndorsement";
      readonly index: BatchIndex;
      readonly attempt: number;
      readonly digest: Hex;
      readonly signature: Hex;
    }
  /** The sender got something else, or L1 would not take the signed batch. */
  | {
      readonly type: "batchRefusal";
      readonly index: BatchIndex;
      readonly attempt: number;
      readonly digest: Hex;
      readonly code: string;
    }
  /** Round-1 package of a key generation (`encodeRound1Package`). */
  | { readonly type: "dkgRound1"; readonly ceremonyId: Hex; readonly package: Hex }
  /** The sender has no valid share from `dealer`. */
  | { readonly type: "dkgComplaint"; readonly ceremonyId: Hex; readonly dealer: Hex }
  /** The accused sender reveals the share that it dealt to `complainer`. */
  | {
      readonly type: "dkgReveal";
      readonly ceremonyId: Hex;
      readonly complainer: Hex;
      readonly share: Hex;
    }
  /** The sender holds a valid share of this key: `signature` is over the EpochUpdate digest by the sequencer key. */
  | {
      readonly type: "ceremonyConfirmation";
      readonly ceremonyId: Hex;
      readonly groupKey: Hex;
      readonly verifyingShares: readonly Hex[];
      readonly transcriptHash: Hex;
      readonly signature: Hex;
    }
  /** Replaces all unused commitments of the sender for the key; each list has a higher generation than the one before. */
  | {
      readonly type: "nonceCommitments";
      readonly keyId: Hex;
      readonly generation: number;
      readonly commitments: readonly NonceCommitment[];
    }
  /** The sender could not aggregate: these signers gave no share or a wrong one. */
  | {
      readonly type: "signingFailure";
      readonly sessionId: Hex;
      readonly attempt: number;
      readonly culprits: readonly Hex[];
    }
  /** The group signature that a session is for. */
  | {
      readonly type: "groupSignature";
      readonly sessionId: Hex;
      readonly signature: SchnorrSignature;
    }
  | { readonly type: "l1Observation"; readonly event: L1Event }
  /** The sender erased its share of a retired key, or what it held of a failed ceremony. */
  | { readonly type: "keyErasure"; readonly keyId: Hex };

/** A payload with its sender and signature. */
export type PoolTransaction = {
  readonly sender: Hex;
  readonly payload: PoolPayload;
  readonly signature: Hex;
};

/** Format version. */
export const poolTransactionVersion = 1;
/** Largest encoded transaction. */
export const poolTransactionBytesMax = 32 * 1_024;
/** Most commitments in one list. */
export const nonceCommitmentsMax = 128;
/** Most members that the encodings carry. */
const membersMax = 256;
const codeLengthMax = 64;

const hash = rlpFixedHex(32);
const address = rlpFixedHex(20);
const point = rlpFixedHex(33);
const ecdsaSignature = rlpFixedHex(65);

const batchHeader: RlpCodec<BatchHeader> = {
  encode: encodeBatchHeader,
  decode(item) {
    const encoded = item instanceof Uint8Array && item.length === batchHeaderBytes;
    const header = encoded ? decodeBatchHeader(item) : undefined;
    if (header === undefined) throw new RlpError("expected a batch header");
    return header;
  },
};

const l1Event = rlpUnion<L1Event>({
  epochRegistered: rlpStruct({
    epoch: rlpUint64,
    groupKeyHash: hash,
    l1TxHash: hash,
    l1BlockNumber: rlpUint64,
  }),
  batchPosted: rlpStruct({
    index: rlpUint64,
    digest: hash,
    l1TxHash: hash,
    l1BlockNumber: rlpUint64,
  }),
  batchFinal: rlpStruct({ index: rlpUint64, digest: hash, lastBlock: rlpUint64 }),
});

/** The order is the wire format: kinds are numbered from 1 and never renumbered. */
const payload = rlpUnion<PoolPayload>({
  leaderSilent: rlpStruct({ term: rlpUint64 }),
  batchProposal: rlpStruct({ attempt: rlpSafeUint, header: batchHeader }),
  batchEndorsement: rlpStruct({
    index: rlpUint64,
    attempt: rlpSafeUint,
    digest: hash,
    signature: ecdsaSignature,
  }),
  batchRefusal: rlpStruct({
    index: rlpUint64,
    attempt: rlpSafeUint,
    digest: hash,
    code: rlpCode(codeLengthMax),
  }),
  dkgRound1: rlpStruct({ ceremonyId: hash, package: rlpHex(poolTransactionBytesMax) }),
  dkgComplaint: rlpStruct({ ceremonyId: hash, dealer: address }),
  dkgReveal: rlpStruct({ ceremonyId: hash, complainer: address, share: hash }),
  ceremonyConfirmation: rlpStruct({
    ceremonyId: hash,
    groupKey: hash,
    verifyingShares: rlpList(point, membersMax),
    transcriptHash: hash,
    signature: ecdsaSignature,
  }),
  nonceCommitments: rlpStruct({
    keyId: hash,
    generation: rlpSafeUint,
    commitments: rlpList(
      rlpStruct<NonceCommitment>({ hiding: point, binding: point }),
      nonceCommitmentsMax,
    ),
  }),
  signingFailure: rlpStruct({
    sessionId: hash,
    attempt: rlpSafeUint,
    culprits: rlpList(address, membersMax),
  }),
  groupSignature: rlpStruct({
    sessionId: hash,
    signature: rlpStruct<SchnorrSignature>({ r: address, s: hash }),
  }),
  l1Observation: rlpStruct({ event: l1Event }),
  keyErasure: rlpStruct({ keyId: hash }),
});

/** Canonical encoding of a payload, as siblings submit it. */
export function encodePayload(value: PoolPayload): Uint8Array {
  return rlpEncode(payload.encode(value));
}

/** Inverse of `encodePayload`; undefined for anything else. */
export function decodePayload(bytes: Uint8Array): PoolPayload | undefined {
  return decoded(bytes, payload.decode);
}

/** Canonical encoding of an L1 event: two observations agree when it is equal. */
export function encodeL1Event(event: L1Event): Hex {
  return bytesToHex(rlpEncode(l1Event.encode(event)));
}

/** Canonical encoding of a transaction. */
export function encodePoolTransaction(transaction: PoolTransaction): Uint8Array {
  return rlpEncode([...unsignedItems(transaction), hexToBytes(transaction.signature)]);
}

/** Inverse of `encodePoolTransaction`; undefined for anything else. Does not check the signature. */
export function decodePoolTransaction(bytes: Uint8Array): PoolTransaction | undefined {
  if (bytes.length > poolTransactionBytesMax) return undefined;
  return decoded(bytes, (item) => {
    const fields = item instanceof Uint8Array ? [] : item;
    if (fields.length !== 4) throw new RlpError("wrong number of fields");
    const [version, sender, body, signature] = fields;
    if (rlpSafeUint.decode(version) !== poolTransactionVersion)
      throw new RlpError("unknown version");
    return {
      sender: address.decode(sender),
      payload: payload.decode(body),
      signature: ecdsaSignature.decode(signature),
    };
  });
}

/** What the sender signs: bound to this network, and to nothing that L1 judges. */
export function poolTransactionDigest(
  transaction: Omit<PoolTransaction, "signature">,
  domain: SigningDomain,
): Hex {
  return keccak256(
    concatBytes(
      new TextEncoder().encode("sequorum/pool-transaction/v1"),
      bigintToBytes(domain.l1ChainId, 32),
      hexToBytes(domain.rollupChain),
      rlpEncode(unsignedItems(transaction)),
    ),
  );
}

/** Whether the signature is the sender's. */
export function isPoolTransactionSigned(
  transaction: PoolTransaction,
  domain: SigningDomain,
): boolean {
  return (
    recoverAddress(poolTransactionDigest(transaction, domain), transaction.signature) ===
    transaction.sender
  );
}

/** Signs a payload with the sequencer key. */
export function signPoolTransaction(
  body: PoolPayload,
  privateKey: Uint8Array,
  domain: SigningDomain,
): PoolTransaction {
  const sender = publicKeyToAddress(privateKeyToPublicKey(privateKey));
  const unsigned = { sender, payload: body };
  return {
    ...unsigned,
    signature: signDigest(privateKey, poolTransactionDigest(unsigned, domain)),
  };
}

function unsignedItems(transaction: Omit<PoolTransaction, "signature">): RlpItem[] {
  return [
    rlpUint(BigInt(poolTransactionVersion)),
    hexToBytes(transaction.sender),
    payload.encode(transaction.payload),
  ];
}

/** Runs a decoder on bytes that others sent. */
function decoded<Value>(bytes: Uint8Array, decode: (item: RlpItem) => Value): Value | undefined {
  try {
    return decode(rlpDecode(bytes));
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}
