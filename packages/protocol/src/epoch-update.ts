/** The statement that installs an epoch's key on L1: signed by the new key (proof of possession) and endorsed by its members. */
import { bytesToHex, concatBytes, type Hex, hexToBytes, keccak256 } from "./bytes.ts";
import type { Epoch } from "./ids.ts";
import { hashTypedData, type SigningDomain } from "./typed-data.ts";

/** What the members of an epoch sign to install its key. */
export type EpochUpdate = {
  readonly epoch: Epoch;
  /** Signature scheme: keccak256 of its name. */
  readonly schemeId: Hex;
  /** Shares needed for a signature. */
  readonly threshold: number;
  /** `membersHash(addresses)`. */
  readonly membersHash: Hex;
  /** keccak256 of the group key's bytes. */
  readonly groupKeyHash: Hex;
  /** Digest of the previous epoch's update; zero for the first epoch. */
  readonly previousUpdateHash: Hex;
};

/** Identifier of the default scheme, FROST over secp256k1. */
export const frostSchemeId: Hex = keccak256(new TextEncoder().encode("frost-secp256k1"));
/** Identifier of the scheme of separate ECDSA signatures. */
export const ecdsaSchemeId: Hex = keccak256(new TextEncoder().encode("ecdsa-multisig"));

/** EIP-712 encodeType of an epoch update. */
export const epochUpdateType =
  "EpochUpdate(uint64 epoch,bytes32 schemeId,uint16 threshold,bytes32 membersHash,bytes32 groupKeyHash,bytes32 previousUpdateHash)";

/** EIP-712 digest of an epoch update. */
export function epochUpdateDigest(update: EpochUpdate, domain: SigningDomain): Hex {
  return hashTypedData(domain, epochUpdateType, [
    update.epoch,
    update.schemeId,
    BigInt(update.threshold),
    update.membersHash,
    update.groupKeyHash,
    update.previousUpdateHash,
  ]);
}

/** keccak256 of the 20-byte sequencer addresses one after another, in member order. */
export function membersHash(addresses: readonly Hex[]): Hex {
  return keccak256(bytesToHex(concatBytes(...addresses.map(hexToBytes))));
}
