/** The header of a batch: the one format for TypeScript, Solidity and the state-transition function (ARCHITECTURE 6). */
import { assert } from "./assert.ts";
import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
  isHex,
  zeroHash,
} from "./bytes.ts";
import type { BatchIndex, BlockHeight, Epoch, L1BlockNumber } from "./ids.ts";
import { hashTypedData, type SigningDomain, type TypedValue } from "./typed-data.ts";

/** What a batch claims; its EIP-712 digest is the batch hash and is what the pool signs. */
export type BatchHeader = {
  /** Format of this header. */
  readonly version: number;
  /** Version of the state-transition function that judges the batch. */
  readonly stfVersion: number;
  /** L2 chain id. */
  readonly chainId: bigint;
  readonly index: BatchIndex;
  /** Hash of the previous batch's header; zero for batch 1. */
  readonly parentHash: Hex;
  readonly firstBlock: BlockHeight;
  readonly lastBlock: BlockHeight;
  /** Hash of the L2 block before `firstBlock`. */
  readonly parentBlockHash: Hex;
  readonly lastBlockHash: Hex;
  /** State root of `lastBlock`. */
  readonly postStateRoot: Hex;
  /** Merkle root of the L2 block hashes, in order. */
  readonly blockRoot: Hex;
  /** `daKindCalldata` or `daKindBlobs`. */
  readonly daKind: number;
  /** Length of the encoded data in bytes. */
  readonly daSize: number;
  /** Commitment to the data: `chunkRoot` for calldata. */
  readonly daRoot: Hex;
  /** First forced-queue position that the batch consumes. */
  readonly queueFrom: bigint;
  /** Forced-queue position after the last one that it consumes. */
  readonly queueTo: bigint;
  /** L1 origin of `lastBlock`. */
  readonly l1OriginNumber: L1BlockNumber;
  readonly l1OriginHash: Hex;
  readonly epoch: Epoch;
  /** Sequencer address of the member that proposed the batch. */
  readonly proposer: Hex;
  /** Timestamp of `lastBlock` in seconds. */
  readonly timestamp: bigint;
};

/** A field of `BatchHeader`. */
export type BatchHeaderField = keyof BatchHeader;

/** Current header format. */
export const batchHeaderVersion = 1;
/** Current state-transition function. */
export const currentStfVersion = 1;
/** The data is calldata of the submitting L1 transaction. */
export const daKindCalldata = 1;
/** The data is in EIP-4844 blobs. */
export const daKindBlobs = 2;

/** EIP-712 encodeType of a header. */
export const batchHeaderType =
  "BatchHeader(uint16 version,uint16 stfVersion,uint64 chainId,uint64 index,bytes32 parentHash,uint64 firstBlock,uint64 lastBlock,bytes32 parentBlockHash,bytes32 lastBlockHash,bytes32 postStateRoot,bytes32 blockRoot,uint8 daKind,uint32 daSize,bytes32 daRoot,uint64 queueFrom,uint64 queueTo,uint64 l1OriginNumber,bytes32 l1OriginHash,uint64 epoch,address proposer,uint64 timestamp)";

type FieldSpec = { readonly name: BatchHeaderField; readonly type: string };

/** The fields in the order in which they are encoded and hashed. */
export const batchHeaderFields: readonly FieldSpec[] = batchHeaderType
  .slice("BatchHeader(".length, -1)
  .split(",")
  .map((field) => {
    const [type = "", name = ""] = field.split(" ");
    return { name: name as BatchHeaderField, type };
  });

const wordBytes = 32;
/** Size of an encoded header. */
export const batchHeaderBytes = wordBytes * batchHeaderFields.length;

/** EIP-712 digest of the header: the batch hash. */
export function batchDigest(header: BatchHeader, domain: SigningDomain): Hex {
  return hashTypedData(
    domain,
    batchHeaderType,
    batchHeaderFields.map(({ name }) => typedValue(header[name])),
  );
}

/** ABI encoding: 21 static words, the same as Solidity's `abi.encode(header)`. */
export function encodeBatchHeader(header: BatchHeader): Uint8Array {
  return concatBytes(...batchHeaderFields.map(({ name, type }) => encodeWord(header[name], type)));
}

/** Inverse of `encodeBatchHeader`; undefined unless the bytes are the one encoding of a header. */
export function decodeBatchHeader(bytes: Uint8Array): BatchHeader | undefined {
  if (bytes.length !== batchHeaderBytes) return undefined;
  const values: Partial<Record<BatchHeaderField, number | bigint | Hex>> = {};
  for (const [index, { name, type }] of batchHeaderFields.entries()) {
    const value = decodeWord(bytes.subarray(index * wordBytes, (index + 1) * wordBytes), type);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return values as BatchHeader;
}

/** The first rule of a well-formed header that this one breaks. */
export type BatchHeaderFault =
  | "FIELD_OUT_OF_RANGE"
  | "VERSION_UNKNOWN"
  | "INDEX_ZERO"
  | "PARENT_HASH_MISMATCH"
  | "BLOCK_RANGE_EMPTY"
  | "QUEUE_RANGE_NEGATIVE"
  | "DATA_EMPTY"
  | "DATA_KIND_UNKNOWN";

/** Checks what a header says about itself alone; undefined when it is well formed. */
export function findBatchHeaderFault(header: BatchHeader): BatchHeaderFault | undefined {
  if (!batchHeaderFields.every(({ name, type }) => isInRange(header[name], type)))
    return "FIELD_OUT_OF_RANGE";
  if (header.version !== batchHeaderVersion) return "VERSION_UNKNOWN";
  if (header.index === 0n) return "INDEX_ZERO";
  if ((header.index === 1n) !== (header.parentHash === zeroHash)) return "PARENT_HASH_MISMATCH";
  if (header.firstBlock === 0n || header.lastBlock < header.firstBlock) return "BLOCK_RANGE_EMPTY";
  if (header.queueTo < header.queueFrom) return "QUEUE_RANGE_NEGATIVE";
  if (header.daSize === 0) return "DATA_EMPTY";
  if (header.daKind !== daKindCalldata && header.daKind !== daKindBlobs) return "DATA_KIND_UNKNOWN";
  return undefined;
}

/** The fields in which two headers differ, in encoding order. */
export function differingHeaderFields(a: BatchHeader, b: BatchHeader): BatchHeaderField[] {
  return batchHeaderFields.filter(({ name }) => a[name] !== b[name]).map(({ name }) => name);
}

function typedValue(value: number | bigint | Hex): TypedValue {
  return typeof value === "number" ? BigInt(value) : value;
}

function encodeWord(value: number | bigint | Hex, type: string): Uint8Array {
  assert(isInRange(value, type), "a header field fits its type", { value, type });
  if (typeof value !== "string") return bigintToBytes(BigInt(value), wordBytes);
  const bytes = hexToBytes(value);
  return concatBytes(new Uint8Array(wordBytes - bytes.length), bytes);
}

function decodeWord(word: Uint8Array, type: string): number | bigint | Hex | undefined {
  if (type === "bytes32") return bytesToHex(word);
  const size = type === "address" ? 20 : integerBits(type) / 8;
  if (word.subarray(0, wordBytes - size).some((byte) => byte !== 0)) return undefined;
  const tail = word.subarray(wordBytes - size);
  if (type === "address") return bytesToHex(tail);
  return size <= 4 ? Number(bytesToBigint(tail)) : bytesToBigint(tail);
}

/** Narrow integers (up to 32 bits) are numbers, wide ones bigints. */
function isInRange(value: number | bigint | Hex, type: string): boolean {
  if (typeof value === "string")
    return isHex(value, type === "address" ? 20 : wordBytes) && !type.startsWith("uint");
  if (!type.startsWith("uint")) return false;
  const bits = integerBits(type);
  if (typeof value === "number" && (bits > 32 || !Number.isInteger(value))) return false;
  if (typeof value === "bigint" && bits <= 32) return false;
  return BigInt(value) >= 0n && BigInt(value) < 1n << BigInt(bits);
}

function integerBits(type: string): number {
  return Number(type.slice("uint".length));
}
