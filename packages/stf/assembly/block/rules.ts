/**
 * The rules of an L2 block beyond Cancun (packages/stf/README.md; ARCHITECTURE 5): what its inputs must be on a given
 * parent, and what its header carries for the rollup.
 */
import { keccak256 } from "../crypto/keccak.ts";
import {
  faultNone,
  faultOriginWentBack,
  faultQueueBeyondOrigin,
  faultQueueGap,
  faultTermWentBack,
  faultTimestampBeforeOrigin,
  faultTimestampDrift,
  faultTimestampNotAfterParent,
} from "../interface.ts";
import { copy32, equal32, zeroBytes } from "../memory/bytes.ts";
import { emptyRootHash } from "../trie/hash.ts";
import { nextBaseFee } from "./base-fee.ts";
import { ForcedEntry } from "./forced.ts";
import { Header } from "./header.ts";

/** Everything but transactions that, with the parent, determines a block. */
@unmanaged
export class BlockInputs {
  /** Seconds since 1970. */
  timestamp: u64;
  originNumber: u64;
  originHash: usize;
  /** Seconds since 1970. */
  originTime: u64;
  term: u64;
  /** Address. */
  coinbase: usize;
  /** How far a timestamp may be after its origin's, seconds. */
  originDriftSecondsMax: u64;
  /** Queue entries in order, linked by `next`. */
  firstForced: ForcedEntry;
}

/** The rollup's values in extraData. */
@unmanaged
export class ExtraData {
  /** Leadership term in which the block was made. */
  term: u64;
  /** Position in the forced queue after the block. */
  queuePosition: u64;
}

/** Version of the layout of extraData: version (1), term (8), queue position (8), zeros (15). */
const formatVersion: u8 = 1;
const extraDataBytes: usize = 32;

const prevRandaoSource: usize = memory.data(40);
const prevRandao: usize = memory.data(32);
const baseFee: usize = memory.data(32);
const extraDataBuffer: usize = memory.data(32);

/** Reads the extraData of a header; false when the layout is another. */
export function readExtraData(header: Header, out: ExtraData): bool {
  const at = header.extraData;
  if (header.extraDataLength !== extraDataBytes || load<u8>(at) !== formatVersion) return false;
  out.term = bswap<u64>(load<u64>(at, 1));
  out.queuePosition = bswap<u64>(load<u64>(at, 9));
  return (load<u64>(at, 17) | load<u64>(at, 24)) === 0;
}

/** The first rule that the inputs break on this parent. */
export function inputFault(
  parent: Header,
  parentExtra: ExtraData,
  parentOriginNumber: u64,
  inputs: BlockInputs,
): i32 {
  if (inputs.timestamp <= parent.timestamp) return faultTimestampNotAfterParent;
  if (inputs.timestamp < inputs.originTime) return faultTimestampBeforeOrigin;
  const drift = inputs.timestamp - inputs.originTime;
  if (drift > inputs.originDriftSecondsMax) return faultTimestampDrift;
  if (inputs.originNumber < parentOriginNumber) return faultOriginWentBack;
  // genesis has no origin
  const isSameOrigin = inputs.originNumber === parentOriginNumber && parent.number > 0;
  if (isSameOrigin && !equal32(inputs.originHash, parent.beaconRoot)) return faultOriginWentBack;
  if (inputs.term < parentExtra.term) return faultTermWentBack;
  return queueFault(parentExtra.queuePosition, inputs);
}

function queueFault(position: u64, inputs: BlockInputs): i32 {
  for (let entry = inputs.firstForced; entry; entry = entry.next) {
    if (entry.position !== position) return faultQueueGap;
    if (entry.l1BlockNumber > inputs.originNumber) return faultQueueBeyondOrigin;
    position += 1;
  }
  return faultNone;
}

/** Header of the block before its execution. */
export function draftHeader(
  parent: Header,
  parentHash: usize,
  inputs: BlockInputs,
  out: Header,
): void {
  copy32(prevRandaoSource, parent.prevRandao);
  store<u64>(prevRandaoSource, bswap<u64>(inputs.term), 32);
  keccak256(prevRandaoSource, 40, prevRandao);
  nextBaseFee(parent, baseFee);
  out.parentHash = parentHash;
  out.coinbase = inputs.coinbase;
  out.number = parent.number + 1;
  out.gasLimit = parent.gasLimit;
  out.timestamp = inputs.timestamp;
  out.prevRandao = prevRandao;
  out.baseFee = baseFee;
  out.withdrawalsRoot = emptyRootHash;
  out.beaconRoot = inputs.originHash;
}

/** Sets the header's extraData. */
export function writeExtraData(header: Header, term: u64, queuePosition: u64): void {
  zeroBytes(extraDataBuffer, extraDataBytes);
  store<u8>(extraDataBuffer, formatVersion);
  store<u64>(extraDataBuffer, bswap<u64>(term), 1);
  store<u64>(extraDataBuffer, bswap<u64>(queuePosition), 9);
  header.extraData = extraDataBuffer;
  header.extraDataLength = extraDataBytes;
}
