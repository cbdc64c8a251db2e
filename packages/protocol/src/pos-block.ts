/** Blocks of the PoS chain: header, id (EIP-712 digest), canonical RLP encoding and the checks that need no state. */
import { bytesToHex, type Hex, hexToBytes, keccak256, zeroHash } from "./bytes.ts";
import type { BlockHeight, PosHeight } from "./ids.ts";
import { merkleRoot } from "./merkle.ts";
import { RlpError, type RlpItem, rlpDecode, rlpEncode, rlpToUint, rlpUint } from "./rlp.ts";
import { hashTypedData, type SigningDomain } from "./typed-data.ts";
import {
  type CommitCertificate,
  decodeCommitCertificate,
  encodeCommitCertificate,
  hashCommitCertificate,
  type Validator,
} from "./vote.ts";

/** Format version of `PosBlockHeader`. */
export const posBlockVersion = 1;

/** Header of a PoS block; `appHash` and `validatorsHash` are those that hold before it is executed. */
export type PosBlockHeader = {
  readonly version: number;
  readonly height: PosHeight;
  readonly timestampMs: bigint;
  /** Who built the block (a later round may propose it again under another proposer). */
  readonly proposer: Hex;
  /** Id of the previous block; zero for height 1. */
  readonly parentId: Hex;
  readonly lastCommitHash: Hex;
  /** Application state after the previous block. */
  readonly appHash: Hex;
  /** Hash of the validator set that decides this block. */
  readonly validatorsHash: Hex;
  readonly transactionsRoot: Hex;
  /** L2 blocks that this block certifies, both inclusive; none when `certifiedFrom == certifiedTo + 1`. */
  readonly certifiedFrom: BlockHeight;
  readonly certifiedTo: BlockHeight;
  readonly certifiedRoot: Hex;
};

/** Consecutive L2 block hashes from height `from` up; `hashes` may be empty. */
export type CertifiedBlocks = { readonly from: BlockHeight; readonly hashes: readonly Hex[] };

/** A PoS block: what its header commits to, in full. `lastCommit` is absent at height 1 only. */
export type PosBlock = {
  readonly header: PosBlockHeader;
  readonly transactions: readonly Hex[];
  readonly certified: CertifiedBlocks;
  readonly lastCommit: CommitCertificate | undefined;
};

const headerTypeString =
  "PosBlockHeader(uint16 version,uint64 height,uint64 timestampMs,address proposer,bytes32 parentId," +
  "bytes32 lastCommitHash,bytes32 appHash,bytes32 validatorsHash,bytes32 transactionsRoot," +
  "uint64 certifiedFrom,uint64 certifiedTo,bytes32 certifiedRoot)";

/** Id of a block: EIP-712 digest of its header. */
export function posBlockId(domain: SigningDomain, header: PosBlockHeader): Hex {
  return hashTypedData(domain, headerTypeString, [
    BigInt(header.version),
    header.height,
    header.timestampMs,
    header.proposer,
    header.parentId,
    header.lastCommitHash,
    header.appHash,
    header.validatorsHash,
    header.transactionsRoot,
    header.certifiedFrom,
    header.certifiedTo,
    header.certifiedRoot,
  ]);
}

/** Hash of a validator set, in its order. */
export function hashValidators(validators: readonly Validator[]): Hex {
  return keccak256(
    rlpEncode(validators.map(({ address, power }) => [hexToBytes(address), rlpUint(power)])),
  );
}

/** Builds a block from its content and the chain's state before it. */
export function buildPosBlock(
  header: Pick<
    PosBlockHeader,
    "height" | "timestampMs" | "proposer" | "parentId" | "appHash" | "validatorsHash"
  >,
  content: Pick<PosBlock, "transactions" | "certified" | "lastCommit">,
): PosBlock {
  const { transactions, certified, lastCommit } = content;
  return {
    header: { ...header, version: posBlockVersion, ...commitments(content) },
    transactions,
    certified,
    lastCommit,
  };
}

/** Whether the header commits to exactly the body that it came with. */
export function bodyMatchesHeader(block: PosBlock): boolean {
  const expected = commitments(block);
  const { header } = block;
  return (
    header.lastCommitHash === expected.lastCommitHash &&
    header.transactionsRoot === expected.transactionsRoot &&
    header.certifiedFrom === expected.certifiedFrom &&
    header.certifiedTo === expected.certifiedTo &&
    header.certifiedRoot === expected.certifiedRoot
  );
}

/** Canonical encoding of a block. */
export function encodePosBlock(block: PosBlock): Uint8Array {
  const { header } = block;
  return rlpEncode([
    [
      rlpUint(BigInt(header.version)),
      rlpUint(header.height),
      rlpUint(header.timestampMs),
      hexToBytes(header.proposer),
      hexToBytes(header.parentId),
      hexToBytes(header.lastCommitHash),
      hexToBytes(header.appHash),
      hexToBytes(header.validatorsHash),
      hexToBytes(header.transactionsRoot),
      rlpUint(header.certifiedFrom),
      rlpUint(header.certifiedTo),
      hexToBytes(header.certifiedRoot),
    ],
    block.transactions.map(hexToBytes),
    block.certified.hashes.map(hexToBytes),
    block.lastCommit === undefined ? new Uint8Array(0) : encodeCommitCertificate(block.lastCommit),
  ]);
}

/** Inverse of `encodePosBlock`; throws `RlpError`. Says nothing about the block's validity. */
export function decodePosBlock(bytes: Uint8Array): PosBlock {
  const [header, transactions, hashes, lastCommit] = listOf(rlpDecode(bytes), 4);
  const decoded = decodeHeader(listOf(header, 12));
  return {
    header: decoded,
    transactions: listOf(transactions).map((item) => bytesToHex(bytesOf(item))),
    certified: {
      from: decoded.certifiedFrom,
      hashes: listOf(hashes).map((item) => bytesToHex(bytesOf(item, 32))),
    },
    lastCommit: decodeLastCommit(bytesOf(lastCommit)),
  };
}

function decodeHeader(fields: readonly RlpItem[]): PosBlockHeader {
  const hash = (index: number) => bytesToHex(bytesOf(fields[index], 32));
  return {
    version: Number(rlpToUint(fields[0], 16)),
    height: rlpToUint(fields[1], 64),
    timestampMs: rlpToUint(fields[2], 64),
    proposer: bytesToHex(bytesOf(fields[3], 20)),
    parentId: hash(4),
    lastCommitHash: hash(5),
    appHash: hash(6),
    validatorsHash: hash(7),
    transactionsRoot: hash(8),
    certifiedFrom: rlpToUint(fields[9], 64),
    certifiedTo: rlpToUint(fields[10], 64),
    certifiedRoot: hash(11),
  };
}

function decodeLastCommit(bytes: Uint8Array): CommitCertificate | undefined {
  return bytes.length === 0 ? undefined : decodeCommitCertificate(bytes);
}

function commitments(content: Pick<PosBlock, "transactions" | "certified" | "lastCommit">) {
  const { from, hashes } = content.certified;
  return {
    lastCommitHash: hashCommitCertificate(content.lastCommit),
    transactionsRoot: merkleRoot(content.transactions),
    certifiedFrom: from,
    certifiedTo: from + BigInt(hashes.length) - 1n,
    certifiedRoot: hashes.length === 0 ? zeroHash : merkleRoot(hashes),
  };
}

function bytesOf(item: RlpItem | undefined, size?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError("expected bytes");
  if (size !== undefined && item.length !== size) throw new RlpError(`expected ${size} bytes`);
  return item;
}

function listOf(item: RlpItem | undefined, length?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError("expected a list");
  if (length !== undefined && item.length !== length) throw new RlpError("wrong number of fields");
  return item;
}
