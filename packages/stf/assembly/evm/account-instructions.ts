/** Instructions about other accounts: BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT (EIP-161, 1052, 2929, 6780). */
import { haltStaticViolation } from "../interface.ts";
import { clearWord, isZeroWord, loadBigEndian, setWord, storeAddress } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { warmAccount } from "../state/access.ts";
import { Account, accountAt, accountRecord, codeOf, isEmptyAccount } from "../state/account.ts";
import { selfDestruct } from "../state/changes.ts";
import { copyPadded } from "./copy-instructions.ts";
import { Frame, halted } from "./frame.ts";
import {
  gasColdAccount,
  gasCopyWord,
  gasNewAccount,
  gasSelfDestructColdAccount,
  wordCount,
} from "./gas.ts";
import { expandMemory, memoryAt } from "./memory.ts";

const BALANCE: usize = 0x31;
const EXTCODESIZE: usize = 0x3b;

const addressScratch: usize = memory.data(20);

/**
 * BALANCE, EXTCODESIZE, EXTCODEHASH: replaces the address on top of the stack with the value. Handlers answer the gas
 * left, negative on failure.
 */
export function accountValue(opcode: usize, sp: usize, gas: i64): i64 {
  gas -= accessPrice(sp);
  if (gas < 0) return gas;
  const account = accountOn(sp);
  if (opcode === BALANCE) copy32(sp, account.balance);
  else if (opcode === EXTCODESIZE) setWord(sp, codeOf(account).size);
  // the hash of an account that is empty is 0 (EIP-1052, EIP-161)
  else if (isEmptyAccount(account)) clearWord(sp);
  else loadBigEndian(sp, account.codeHash);
  return gas;
}

/** Stack: address, memory offset, code offset, length. */
export function copyExternalCode(frame: Frame, sp: usize, gas: i64): i64 {
  gas = expandMemory(frame, sp + 32, sp + 96, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 96);
  gas -= accessPrice(sp) + gasCopyWord * wordCount(length);
  if (gas < 0) return gas;
  const code = codeOf(accountOn(sp));
  const destination = memoryAt(frame, sp + 32, length);
  copyPadded(destination, length, sp + 64, code.bytes, code.size);
  return gas;
}

/** Stack: address of the beneficiary. */
export function destroySelf(frame: Frame, sp: usize, gas: i64): i64 {
  if (frame.isStatic) return halted(frame, haltStaticViolation);
  storeAddress(addressScratch, sp);
  if (!warmAccount(accountRecord(addressScratch))) gas -= gasSelfDestructColdAccount;
  if (gas < 0) return gas;
  const account = frame.account;
  const beneficiary = accountOn(sp);
  if (!isZeroWord(account.balance) && isEmptyAccount(beneficiary)) gas -= gasNewAccount;
  if (gas >= 0) selfDestruct(account, beneficiary);
  return gas;
}

function accountOn(sp: usize): Account {
  storeAddress(addressScratch, sp);
  return accountAt(addressScratch);
}

/** To be paid before the account on top of the stack is read. */
function accessPrice(sp: usize): i64 {
  storeAddress(addressScratch, sp);
  return warmAccount(accountRecord(addressScratch)) ? 0 : gasColdAccount;
}
