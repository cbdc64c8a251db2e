/** CALL, CALLCODE, DELEGATECALL, STATICCALL (Yellow Paper, appendix H; EIP-7, 150, 161, 214, 2929). */
import { haltStaticViolation } from "../interface.ts";
import { fitsUint64, isZeroWord, storeAddress } from "../math/word.ts";
import { warmAccount } from "../state/access.ts";
import { Account, accountRecord, isEmptyAccount, readAccount } from "../state/account.ts";
import { enterCall, start, startFault } from "./enter.ts";
import { Frame, halted } from "./frame.ts";
import { gasCallStipend, gasCallValue, gasColdAccount, gasNewAccount } from "./gas.ts";
import { concludeWithout } from "./leave.ts";
import { expandMemory, memoryAt } from "./memory.ts";
import { endTraceStep, isTracing } from "./trace.ts";

const CALL: usize = 0xf1;
const CALLCODE: usize = 0xf2;
const DELEGATECALL: usize = 0xf4;
const STATICCALL: usize = 0xfa;

const addressScratch: usize = memory.data(20);
const zeroWord: usize = memory.data(32);

/**
 * Executes the instruction; answers the frame that continues. `frame.gas` is what is left, negative when the
 * instruction failed; `frame.sp` is where its result is, or will be when the callee has ended.
 */
export function beginCall(frame: Frame, opcode: usize, sp: usize, gas: i64): Frame {
  // on the stack: gas, address, value (CALL and CALLCODE only), offset and length of input, the same of output
  const hasValue = opcode <= CALLCODE;
  const isPaying = hasValue && !isZeroWord(sp + 64);
  const input = hasValue ? sp + 96 : sp + 64;
  const output = input + 64;
  if (isPaying && opcode === CALL && frame.isStatic) gas = halted(frame, haltStaticViolation);
  if (gas >= 0) gas = expandMemory(frame, input, input + 32, gas);
  if (gas >= 0) gas = expandMemory(frame, output, output + 32, gas);
  if (gas >= 0) {
    storeAddress(addressScratch, sp + 32);
    start.codeAccount = accountRecord(addressScratch);
    gas = payAccess(start.codeAccount, opcode, isPaying, gas);
  }
  frame.gas = gas;
  if (gas < 0) return frame;

  const calleeGas = min(gas - (gas >> 6), requestedGas(sp));
  frame.gas = gas - calleeGas;
  frame.sp = output + 32;
  frame.returnLengthMax = <usize>load<u64>(output, 32);
  frame.returnTo = memoryAt(frame, output, frame.returnLengthMax);
  start.gas = isPaying ? calleeGas + gasCallStipend : calleeGas;
  start.value = hasValue ? sp + 64 : zeroWord;
  start.inputLength = <usize>load<u64>(input, 32);
  start.input = memoryAt(frame, input, start.inputLength);
  setParties(frame, opcode);
  if (isTracing) endTraceStep(frame.gas);
  const fault = startFault(frame, frame.account, start.value);
  if (fault !== 0) return concludeWithout(frame, fault, start.gas);
  if (opcode === DELEGATECALL) start.value = frame.value;
  return enterCall(frame);
}

/** Pays for what the call costs beyond a warm access and what it hands on, and reads the account once that is paid. */
function payAccess(target: Account, opcode: usize, isPaying: bool, gas: i64): i64 {
  if (!warmAccount(target)) gas -= gasColdAccount;
  if (isPaying) gas -= gasCallValue;
  if (gas < 0) return gas;
  readAccount(target);
  return isPaying && opcode === CALL && isEmptyAccount(target) ? gas - gasNewAccount : gas;
}

/** The amount on the stack, at most what gas can be. */
function requestedGas(word: usize): i64 {
  return fitsUint64(word) && load<i64>(word) >= 0 ? load<i64>(word) : i64.MAX_VALUE;
}

function setParties(frame: Frame, opcode: usize): void {
  start.isTransfer = opcode === CALL || opcode === STATICCALL;
  start.recipient = start.isTransfer ? start.codeAccount : frame.account;
  start.payer = frame.account;
  start.caller = opcode === DELEGATECALL ? frame.caller : frame.account.address;
  start.isStatic = frame.isStatic || opcode === STATICCALL;
}
