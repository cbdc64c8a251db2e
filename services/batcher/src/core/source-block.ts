/** A certified L2 block as the batcher needs it: read from the block's canonical RLP, checked against its hash. */
import type {
  BatchBlock,
  BlockHeight,
  Hex,
  L1BlockNumber,
  RlpItem,
  Term,
} from "@sequorum/protocol";
import {
  bytesToBigint,
  bytesToHex,
  keccak256,
  RlpError,
  rlpDecode,
  rlpEncode,
  rlpToUint,
} from "@sequorum/protocol";

/** What a header and the batch data take from a block. */
export type SourceBlock = {
  readonly height: BlockHeight;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly stateRoot: Hex;
  readonly timestamp: bigint;
  readonly l1OriginNumber: L1BlockNumber;
  readonly l1OriginHash: Hex;
  readonly term: Term;
  /** Forced-queue position after the block. */
  readonly queuePosition: bigint;
  readonly coinbase: Hex;
  /** The sequenced transactions; the forced ones before them are left out. */
  readonly transactions: readonly Uint8Array[];
};

/** A block as the orderer hands it over. */
export type EncodedBlock = {
  readonly rlp: Uint8Array;
  readonly l1OriginNumber: L1BlockNumber;
  readonly forcedTransactions: number;
};

/** Size of a header's fixed part in the batch data before compression, rounded up. */
const blockOverheadBytes = 64;
const extraDataVersion = 1;
/** Places in the header's RLP (Cancun). */
const place = {
  parentHash: 0,
  coinbase: 2,
  stateRoot: 3,
  number: 8,
  timestamp: 11,
  extraData: 12,
  originHash: 19,
};

/** The block, or undefined when the bytes are not an L2 block (ARCHITECTURE 5, "The L2 block"). */
export function parseSourceBlock(encoded: EncodedBlock): SourceBlock | undefined {
  try {
    const [header, transactions] = list(rlpDecode(encoded.rlp));
    const fields = list(header);
    const extraData = bytes(fields[place.extraData], 32);
    if (extraData[0] !== extraDataVersion) return undefined;
    const raw = list(transactions).map((item) =>
      item instanceof Uint8Array ? item : rlpEncode(item),
    );
    if (encoded.forcedTransactions > raw.length) return undefined;
    return {
      height: rlpToUint(fields[place.number], 64),
      hash: keccak256(rlpEncode(fields)),
      parentHash: bytesToHex(bytes(fields[place.parentHash], 32)),
      stateRoot: bytesToHex(bytes(fields[place.stateRoot], 32)),
      timestamp: rlpToUint(fields[place.timestamp], 64),
      l1OriginNumber: encoded.l1OriginNumber,
      l1OriginHash: bytesToHex(bytes(fields[place.originHash], 32)),
      term: bytesToBigint(extraData.subarray(1, 9)),
      queuePosition: bytesToBigint(extraData.subarray(9, 17)),
      coinbase: bytesToHex(bytes(fields[place.coinbase], 20)),
      transactions: raw.slice(encoded.forcedTransactions),
    };
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}

/** What the batch data carries of the block. */
export function toBatchBlock(block: SourceBlock): BatchBlock {
  const { timestamp, l1OriginNumber, term, coinbase, transactions } = block;
  return { timestamp, l1OriginNumber, term, coinbase, transactions };
}

/** Rough size of the block in the batch data before compression. */
export function plainBytes(block: SourceBlock): number {
  return block.transactions.reduce((total, raw) => total + raw.length, blockOverheadBytes);
}

function list(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError("expected a list");
  return item;
}

function bytes(item: RlpItem | undefined, length: number): Uint8Array {
  if (!(item instanceof Uint8Array) || item.length !== length)
    throw new RlpError(`expected ${length} bytes`);
  return item;
}
