/** Fields that several messages share: protobuf's bytes and numbers to domain values, validated here once. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type BatchHeader,
  batchDigest,
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  decodeBatchHeader,
  encodeBatchHeader,
  type Hex,
  hexToBytes,
  type PoolMember,
  publicKeyToAddress,
  type SigningDomain,
} from "@sequorum/protocol";
import type {
  BatchHeader as BatchHeaderMessage,
  BatchHeaderSchema,
} from "../gen/sequorum/types/v1alpha1/batch_pb.ts";
import {
  type Member as MemberMessage,
  MemberSchema,
} from "../gen/sequorum/types/v1alpha1/member_pb.ts";

/** Thrown when a message does not say what its type promises; the message names the field. */
export class ConversionError extends Error {
  constructor(field: string, expected: string) {
    super(`${field} must be ${expected}`);
    this.name = "ConversionError";
  }
}

/** Bytes of exactly `size`. */
export function hexOf(bytes: Uint8Array, size: number, field: string): Hex {
  if (bytes.length !== size) throw new ConversionError(field, `${size} bytes`);
  return bytesToHex(bytes);
}

/** A 20-byte address. */
export function addressOf(bytes: Uint8Array, field: string): Hex {
  return hexOf(bytes, 20, field);
}

/** A 32-byte hash. */
export function hashOf(bytes: Uint8Array, field: string): Hex {
  return hexOf(bytes, 32, field);
}

/** Milliseconds or another count that a number holds exactly. */
export function safeNumberOf(value: bigint, field: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ConversionError(field, "a safe integer");
  return Number(value);
}

/** A sub-message that must be there. */
export function present<Message>(message: Message | undefined, field: string): Message {
  if (message === undefined) throw new ConversionError(field, "present");
  return message;
}

/** A batch header with its digest in this network. */
export function batchHeaderToProto(
  header: BatchHeader,
  digest: Hex,
): MessageInitShape<typeof BatchHeaderSchema> {
  return { abi: encodeBatchHeader(header), index: header.index, digest: hexToBytes(digest) };
}

/** The header that the message carries; with a domain, its digest is checked too. */
export function batchHeaderFromProto(
  message: BatchHeaderMessage | undefined,
  domain?: SigningDomain,
): BatchHeader {
  const { abi, index, digest } = present(message, "header");
  const header = decodeBatchHeader(abi);
  if (header === undefined || header.index !== index)
    throw new ConversionError("header", "a batch header");
  if (domain !== undefined && batchDigest(header, domain) !== bytesToHex(digest)) {
    throw new ConversionError("header.digest", "the header's digest");
  }
  return header;
}

/** A member of the pool. */
export function memberToProto({ address, publicKey, stakeWei, index }: PoolMember): MemberMessage {
  return create(MemberSchema, {
    address: hexToBytes(address),
    publicKey: hexToBytes(publicKey),
    stakeWei: bigintToBytes(stakeWei, 32),
    index,
  });
}

/** Inverse of `memberToProto`; the address must be the public key's. */
export function memberFromProto({
  address,
  publicKey,
  stakeWei,
  index,
}: MemberMessage): PoolMember {
  const member = {
    index,
    address: addressOf(address, "member.address"),
    publicKey: hexOf(publicKey, 64, "member.public_key"),
    stakeWei: bytesToBigint(stakeWei),
  };
  if (publicKeyToAddress(member.publicKey) !== member.address) {
    throw new ConversionError("member.address", "that of the public key");
  }
  return member;
}
