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

const addressScratch: usize = memory.data(20);

/** Replaces the address on top of the stack with the balance. Handlers answer the gas left, negative on failure. */
export function balanceOf(sp: usize, gas: i64): i64 {
  gas -= accessPrice(sp);
  if (gas < 0) return gas;
  copy32(sp, accountOn(sp).balance);
  return gas;
}

/** Replaces the address on top of the stack with the size of the code. */
export function externalCodeSize(sp: usize, gas: i64): i64 {
  gas -= accessPrice(sp);
  if (gas < 0) return gas;
  setWord(sp, codeOf(accountOn(sp)).size);
  return gas;
}

/** Replaces the address on top of the stack with the hash of the code; 0 for an empty account (EIP-1052, EIP-161). */
export function externalCodeHash(sp: usize, gas: i64): i64 {
  gas -= accessPrice(sp);
  if (gas < 0) return gas;
  const account = accountOn(sp);
  if (isEmptyAccount(account)) clearWord(sp);
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
  const account = frame.account;
  const beneficiary = accountOn(sp);
  if (!warmAccount(beneficiary)) gas -= gasSelfDestructColdAccount;
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
