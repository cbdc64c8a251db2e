/** Raw transactions of types 0, 1 and 2 in their one encoding (Yellow Paper 4.2, EIP-2718, EIP-2930, EIP-1559). */
import {
  takeBytes,
  takeFixed,
  takeList,
  takenLength,
  takenPayload,
  takenUint64,
  takeOptional,
  takeUint64,
  takeWord,
} from "../codec/rlp-fields.ts";
import { faultBlobTypeRefused, faultMalformed, faultNone, faultTypeUnknown } from "../interface.ts";
import { fitsUint64 } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { Transaction } from "./transaction.ts";

const nonceWord: usize = memory.data(32);

/** Reads the transaction into `transaction`; a fault when it is none. Values are not looked into beyond their form. */
export function decodeTransaction(raw: usize, length: usize, transaction: Transaction): i32 {
  if (length === 0) return faultMalformed;
  const first = load<u8>(raw);
  if (first === 3) return faultBlobTypeRefused;
  const isLegacy = first >= 0xc0;
  if (!isLegacy && first !== 1 && first !== 2) return faultTypeUnknown;
  transaction.raw = raw;
  transaction.rawLength = length;
  transaction.type = isLegacy ? 0 : first;
  const end = raw + length;
  if (takeList(isLegacy ? raw : raw + 1, end) !== end) return faultMalformed;
  transaction.fields = takenPayload;
  const signature = takeFields(takenPayload, end, transaction);
  transaction.fieldsLength = signature - transaction.fields;
  return takeSignature(signature, end, transaction) === end ? faultNone : faultMalformed;
}

function takeFields(at: usize, end: usize, transaction: Transaction): usize {
  const type = transaction.type;
  if (type !== 0) at = takeWord(at, end, transaction.chainId);
  at = takeWord(at, end, nonceWord);
  transaction.nonce = load<u64>(nonceWord);
  transaction.isNonceMax = !fitsUint64(nonceWord) || transaction.nonce === u64.MAX_VALUE;
  at = takeWord(at, end, transaction.tip);
  if (type === 2) at = takeWord(at, end, transaction.feeCap);
  else copy32(transaction.feeCap, transaction.tip);
  at = takeUint64(at, end);
  transaction.gasLimit = takenUint64;
  at = takeOptional(at, end, 20);
  transaction.to = takenPayload;
  at = takeWord(at, end, transaction.value);
  at = takeBytes(at, end);
  transaction.data = takenPayload;
  transaction.dataLength = takenLength;
  transaction.accessListLength = 0;
  transaction.accessListAddresses = 0;
  transaction.accessListSlots = 0;
  return type === 0 ? at : takeAccessList(at, end, transaction);
}

/** An access list (EIP-2930): [[address, [slot...]]...]. */
export function takeAccessList(at: usize, end: usize, transaction: Transaction): usize {
  const next = takeList(at, end);
  if (next === 0) return 0;
  transaction.accessListAddresses = 0;
  transaction.accessListSlots = 0;
  transaction.accessList = takenPayload;
  transaction.accessListLength = takenLength;
  for (let entry = takenPayload; entry !== next; ) {
    entry = takeList(entry, next);
    if (entry === 0) return 0;
    if (takeList(takeFixed(takenPayload, entry, 20), entry) !== entry) return 0;
    transaction.accessListAddresses += 1;
    for (let slot = takenPayload; slot !== entry; transaction.accessListSlots += 1) {
      slot = takeFixed(slot, entry, 32);
      if (slot === 0) return 0;
    }
  }
  return next;
}

/** v is looked into for typed transactions only: in legacy ones it carries the chain id. */
function takeSignature(at: usize, end: usize, transaction: Transaction): usize {
  at = takeWord(at, end, transaction.v);
  at = takeWord(at, end, transaction.r);
  at = takeWord(at, end, transaction.s);
  const v = load<u64>(transaction.v);
  const isSmall = fitsUint64(transaction.v);
  if (transaction.type === 0) {
    transaction.isProtected = !isSmall || (v !== 27 && v !== 28);
    transaction.yParity = 1 - (v & 1);
    return at;
  }
  transaction.yParity = v;
  return isSmall && v <= 1 ? at : 0;
}
