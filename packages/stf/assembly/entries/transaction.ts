/** The entry `transaction`: decodes one raw transaction, checks all that needs no state, and names its sender. */
import { takeUint64, takenUint64 } from "../codec/rlp-fields.ts";
import {
  writeAddress,
  writeBytes,
  writeHash,
  writeListHeader,
  writeUint64,
  writeWord,
} from "../codec/rlp-writer.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { exitDone, faultNone, outputTransaction } from "../interface.ts";
import { copyBytes } from "../memory/bytes.ts";
import { askTransaction, rawLength, rawTransaction } from "../transaction/ask.ts";
import { legacyChainId } from "../transaction/sender.ts";
import { Transaction } from "../transaction/transaction.ts";
import { parseTransaction, TransactionRules } from "../transaction/validate.ts";
import { emitList, endWithFault, outputStart } from "./output.ts";
import { resetRun } from "./reset.ts";
import { closeTask, openTask, taskEnd } from "./task.ts";

const parsed = changetype<Transaction>(memory.data(offsetof<Transaction>()));
const rules = changetype<TransactionRules>(memory.data(offsetof<TransactionRules>()));

/** Task: [chain id, longest raw transaction, whether unprotected ones are allowed]. */
export function transaction(): i32 {
  resetRun();
  let at = takeUint64(openTask(), taskEnd);
  rules.chainId = takenUint64;
  at = takeUint64(at, taskEnd);
  rules.bytesMax = <usize>takenUint64;
  closeTask(takeUint64(at, taskEnd));
  rules.isUnprotectedAllowed = takenUint64 !== 0;
  if (!askTransaction(0)) unreachable();
  const fault = parseTransaction(rawTransaction, rawLength, rules, parsed);
  if (fault !== faultNone) return endWithFault(fault);
  keccak256(parsed.raw, parsed.rawLength, parsed.hash);
  emitTransaction(parsed);
  return exitDone;
}

/** Output: [hash, type, chain id or empty, from, nonce, gas limit, gas price or empty, fee cap, tip, to, value, data, access list, v, r, s]. */
function emitTransaction(transaction: Transaction): void {
  let at = writeHash(outputStart, transaction.hash);
  at = writeUint64(at, transaction.type);
  at = writeChainId(at, transaction);
  at = writeAddress(at, transaction.sender);
  at = writeUint64(at, transaction.nonce);
  at = writeUint64(at, transaction.gasLimit);
  at = transaction.type === 2 ? writeUint64(at, 0) : writeWord(at, transaction.feeCap);
  at = writeWord(at, transaction.feeCap);
  at = writeWord(at, transaction.tip);
  at = writeBytes(at, transaction.to, transaction.to === 0 ? 0 : 20);
  at = writeWord(at, transaction.value);
  at = writeBytes(at, transaction.data, transaction.dataLength);
  at = writeListHeader(at, transaction.accessListLength);
  copyBytes(at, transaction.accessList, transaction.accessListLength);
  at = writeWord(at + transaction.accessListLength, transaction.v);
  at = writeWord(at, transaction.r);
  emitList(outputTransaction, writeWord(at, transaction.s));
}

function writeChainId(at: usize, transaction: Transaction): usize {
  if (transaction.type !== 0) return writeWord(at, transaction.chainId);
  return writeUint64(at, transaction.isProtected ? legacyChainId(transaction) : 0);
}
