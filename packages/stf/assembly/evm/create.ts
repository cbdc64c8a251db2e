/** CREATE and CREATE2 (Yellow Paper, 7 and appendix H; EIP-150, 1014, 2681, 2929, 3860). */
import { uint64Size, writeAddress, writeListHeader, writeUint64 } from "../codec/rlp-writer.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { haltInitcodeTooLarge, haltNonceOverflow, haltStaticViolation } from "../interface.ts";
import { storeBigEndian } from "../math/word.ts";
import { copyAddress } from "../memory/bytes.ts";
import { warmAccount } from "../state/access.ts";
import { accountAt } from "../state/account.ts";
import { setNonce } from "../state/changes.ts";
import { enterCreation, start, startFault } from "./enter.ts";
import { Frame, halted } from "./frame.ts";
import { gasHashWord, gasInitcodeWord, wordCount } from "./gas.ts";
import { concludeWithout } from "./leave.ts";
import { expandMemory, memoryAt } from "./memory.ts";
import { endTraceStep, isTracing } from "./trace.ts";

const CREATE2: usize = 0xf5;

/** Bytes (EIP-3860). */
export const initcodeSizeMax: usize = 49_152;

/** Prefix, address, salt, hash of the init code (EIP-1014); or list header, address, nonce. */
const preimageScratch: usize = memory.data(85);
const hashScratch: usize = memory.data(32);

/** Executes the instruction; answers as `beginCall`. */
export function beginCreate(frame: Frame, opcode: usize, sp: usize, gas: i64): Frame {
  // on the stack: value, offset and length of the init code, salt (CREATE2 only)
  const isSalted = opcode === CREATE2;
  gas = payInitcode(frame, isSalted, sp, gas);
  frame.gas = gas;
  if (gas < 0) return frame;

  const creator = frame.account;
  const length = <usize>load<u64>(sp, 64);
  frame.sp = isSalted ? sp + 96 : sp + 64;
  frame.returnLengthMax = 0;
  const nonce = creator.nonce;
  let fault = startFault(frame, creator, sp);
  if (fault === 0 && nonce === u64.MAX_VALUE) fault = haltNonceOverflow;
  if (fault === 0) frame.gas = gas >> 6;
  if (isTracing) endTraceStep(frame.gas);
  if (fault !== 0) return concludeWithout(frame, fault, 0);

  setNonce(creator, nonce + 1);
  start.input = memoryAt(frame, sp + 32, length);
  start.inputLength = length;
  if (isSalted) saltedAddress(creator.address, sp + 96);
  else creationAddress(hashScratch + 12, creator.address, nonce);
  start.recipient = accountAt(hashScratch + 12);
  warmAccount(start.recipient);
  start.gas = gas - (gas >> 6);
  start.payer = creator;
  start.caller = creator.address;
  start.value = sp;
  start.isStatic = false;
  return enterCreation(frame);
}

/** Answers the gas left once the init code can be read, negative on failure. */
function payInitcode(frame: Frame, isSalted: bool, sp: usize, gas: i64): i64 {
  if (frame.isStatic) return halted(frame, haltStaticViolation);
  gas = expandMemory(frame, sp + 32, sp + 64, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 64);
  if (length > initcodeSizeMax) return halted(frame, haltInitcodeTooLarge);
  return gas - wordCount(length) * (isSalted ? gasInitcodeWord + gasHashWord : gasInitcodeWord);
}

/** Writes the address of what an account creates with a nonce (Yellow Paper, equation for ADDR). */
export function creationAddress(out: usize, creator: usize, nonce: u64): void {
  const payload: usize = 21 + uint64Size(nonce);
  let end = writeListHeader(preimageScratch, payload);
  end = writeAddress(end, creator);
  end = writeUint64(end, nonce);
  keccak256(preimageScratch, end - preimageScratch, hashScratch);
  copyAddress(out, hashScratch + 12);
}

/** Leaves the address of EIP-1014 in the last 20 bytes of `hashScratch`; the init code is in `start`. */
function saltedAddress(creator: usize, salt: usize): void {
  store<u8>(preimageScratch, 0xff);
  copyAddress(preimageScratch + 1, creator);
  storeBigEndian(preimageScratch + 21, salt);
  keccak256(start.input, start.inputLength, preimageScratch + 53);
  keccak256(preimageScratch, 85, hashScratch);
}
