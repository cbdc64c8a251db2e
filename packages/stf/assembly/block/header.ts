/** Headers of Cancun (Yellow Paper 4.4; EIP-1559, EIP-4788, EIP-4844, EIP-4895) as L2 has them: no uncles, no work, no blobs. */
import {
  takeBytes,
  takeFixed,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeUint64,
  takeWord,
} from "../codec/rlp-fields.ts";
import {
  writeAddress,
  writeBytes,
  writeHash,
  writeListHeader,
  writeUint64,
  writeWord,
} from "../codec/rlp-writer.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { allocate } from "../memory/arena.ts";
import { equal32 } from "../memory/bytes.ts";

/** A header. Byte strings are pointers; what L2 fixes is not in it. */
@unmanaged
export class Header {
  parentHash: usize;
  /** Address. */
  coinbase: usize;
  stateRoot: usize;
  transactionsRoot: usize;
  receiptsRoot: usize;
  /** 256 bytes. */
  logsBloom: usize;
  number: u64;
  gasLimit: u64;
  gasUsed: u64;
  /** Seconds since 1970. */
  timestamp: u64;
  extraData: usize;
  extraDataLength: usize;
  /** 32 bytes. */
  prevRandao: usize;
  /** Word, wei. */
  baseFee: usize;
  withdrawalsRoot: usize;
  /** parentBeaconBlockRoot; on L2 the hash of the L1 origin. */
  beaconRoot: usize;
}

/** Bytes of a logs bloom. */
export const bloomBytes: usize = 256;
/** Longest extraData. */
export const extraDataBytesMax: usize = 32;

/** keccak256 of the RLP of no uncles. */
const noUnclesHash: usize = memory.data<u8>([
  0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a,
  0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47,
]);
const zeroNonce: usize = memory.data(8);
const nonceBytes: usize = 8;

const hashBytes: usize = 32;
/** The bloom alone makes a header's length one of two bytes. */
const listHeaderBytes: usize = 3;
/** A header is smaller than this. */
const headerBytesMax: usize = 800;

/** First byte of what `writeHeader` wrote last: hash, then RLP. */
export let writtenHeader: usize = 0;
/** Length of hash and RLP, bytes. */
export let writtenLength: usize = 0;

/**
 * Reads a header in canonical form; false when it is none, or none that L2 can have. Roots and bloom of what the block
 * did are not kept: no rule asks for those of a parent.
 */
export function readHeader(rlp: usize, length: usize, header: Header): bool {
  const end = rlp + length;
  if (takeList(rlp, end) !== end) return false;
  let at = takeFixed(takenPayload, end, 32);
  header.parentHash = takenPayload;
  at = takeFixed(at, end, 32);
  if (at === 0 || !equal32(takenPayload, noUnclesHash)) return false;
  at = takeFixed(at, end, 20);
  header.coinbase = takenPayload;
  at = takeFixed(at, end, 32);
  header.stateRoot = takenPayload;
  at = takeFixed(at, end, 32); // transactionsRoot
  at = takeFixed(at, end, 32); // receiptsRoot
  at = takeFixed(at, end, bloomBytes);
  at = takeZero(at, end); // difficulty
  at = takeUint64(at, end);
  header.number = takenUint64;
  at = takeUint64(at, end);
  header.gasLimit = takenUint64;
  at = takeUint64(at, end);
  header.gasUsed = takenUint64;
  at = takeUint64(at, end);
  header.timestamp = takenUint64;
  return readLaterFields(at, end, header);
}

function readLaterFields(at: usize, end: usize, header: Header): bool {
  at = takeBytes(at, end);
  header.extraData = takenPayload;
  header.extraDataLength = takenLength;
  if (takenLength > extraDataBytesMax) return false;
  at = takeFixed(at, end, 32);
  header.prevRandao = takenPayload;
  at = takeFixed(at, end, nonceBytes);
  if (at === 0 || load<u64>(takenPayload) !== 0) return false;
  header.baseFee = allocate(32);
  at = takeWord(at, end, header.baseFee);
  at = takeFixed(at, end, 32); // withdrawalsRoot
  at = takeZero(at, end); // blobGasUsed
  at = takeZero(at, end); // excessBlobGas
  at = takeFixed(at, end, 32);
  header.beaconRoot = takenPayload;
  return at === end;
}

/** An integer that L2 fixes to 0. */
function takeZero(at: usize, end: usize): usize {
  const next = takeUint64(at, end);
  return takenUint64 === 0 ? next : 0;
}

/** Writes hash and RLP of a header. */
export function writeHeader(header: Header): void {
  writtenHeader = allocate(headerBytesMax);
  const rlp = writtenHeader + hashBytes;
  const payload = rlp + listHeaderBytes;
  let at = writeHash(payload, header.parentHash);
  at = writeHash(at, noUnclesHash);
  at = writeAddress(at, header.coinbase);
  at = writeHash(at, header.stateRoot);
  at = writeHash(at, header.transactionsRoot);
  at = writeHash(at, header.receiptsRoot);
  at = writeBytes(at, header.logsBloom, bloomBytes);
  at = writeUint64(at, 0); // difficulty
  at = writeUint64(at, header.number);
  at = writeUint64(at, header.gasLimit);
  at = writeUint64(at, header.gasUsed);
  at = writeUint64(at, header.timestamp);
  at = writeBytes(at, header.extraData, header.extraDataLength);
  at = writeHash(at, header.prevRandao);
  at = writeBytes(at, zeroNonce, nonceBytes);
  at = writeWord(at, header.baseFee);
  at = writeHash(at, header.withdrawalsRoot);
  at = writeUint64(at, 0); // blobGasUsed
  at = writeUint64(at, 0); // excessBlobGas
  at = writeHash(at, header.beaconRoot);
  writeListHeader(rlp, at - payload);
  keccak256(rlp, at - rlp, writtenHeader);
  writtenLength = at - writtenHeader;
}
