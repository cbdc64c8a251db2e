/** SLOAD, SSTORE, TLOAD, TSTORE (EIP-1153, 2200, 2929, 3529). Handlers answer the gas left, negative on failure. */
import { haltStaticViolation } from "../interface.ts";
import { equalWords, isZeroWord } from "../math/word.ts";
import { copy32 } from "../memory/bytes.ts";
import { warmSlot } from "../state/access.ts";
import { setSlotValue } from "../state/changes.ts";
import { addRefund } from "../state/refund.ts";
import { readSlot, slotAt, slotRecord } from "../state/slot.ts";
import { setTransientValue, transientValue } from "../state/transient.ts";
import { Frame, halted } from "./frame.ts";
import {
  gasColdSlot,
  gasStoreCold,
  gasStoreReset,
  gasStoreSentry,
  gasStoreSet,
  gasStoreWarm,
  outOfGas,
  refundStoreClears,
} from "./gas.ts";

/** Replaces the key on top of the stack with the value. */
export function loadSlot(frame: Frame, sp: usize, gas: i64): i64 {
  const slot = slotRecord(frame.account.storage, sp);
  if (!warmSlot(slot)) gas -= gasColdSlot;
  if (gas < 0) return gas;
  readSlot(slot);
  copy32(sp, slot.value);
  return gas;
}

/** Stack: key, value. */
export function storeSlot(frame: Frame, sp: usize, gas: i64): i64 {
  if (frame.isStatic) return halted(frame, haltStaticViolation);
  if (gas <= gasStoreSentry) return outOfGas;
  const slot = slotAt(frame.account, sp);
  if (!warmSlot(slot)) gas -= gasStoreCold;
  const value = sp + 32;
  const current = slot.value;
  if (equalWords(current, value)) return gas - gasStoreWarm;
  const original = slot.original;
  gas -= storePrice(original, current);
  if (gas < 0) return gas;
  const refund = storeRefund(original, current, value);
  if (refund !== 0) addRefund(refund);
  setSlotValue(slot, value);
  return gas;
}

/** Replaces the key on top of the stack with the transient value. */
export function loadTransient(frame: Frame, sp: usize): void {
  copy32(sp, transientValue(frame.account, sp));
}

/** Stack: key, value. */
export function storeTransient(frame: Frame, sp: usize, gas: i64): i64 {
  if (frame.isStatic) return halted(frame, haltStaticViolation);
  setTransientValue(frame.account, sp, sp + 32);
  return gas;
}

/** Price of a store that changes the current value (EIP-2200 with the amounts of EIP-2929). */
function storePrice(original: usize, current: usize): i64 {
  if (!equalWords(original, current)) return gasStoreWarm;
  return isZeroWord(original) ? gasStoreSet : gasStoreReset;
}

/** What such a store adds to the refund counter (EIP-2200 with the amounts of EIP-3529). */
function storeRefund(original: usize, current: usize, value: usize): i64 {
  let refund: i64 = 0;
  if (!isZeroWord(original)) {
    if (isZeroWord(value)) refund += refundStoreClears;
    else if (isZeroWord(current)) refund -= refundStoreClears;
  }
  // the value is not the current one, so the slot was changed before and is now restored
  if (equalWords(original, value)) {
    refund += (isZeroWord(original) ? gasStoreSet : gasStoreReset) - gasStoreWarm;
  }
  return refund;
}
