/** How a message starts: transfer of value, then a precompile, nothing, or a frame (Yellow Paper, 7 and 8). */
import { haltAddressCollision, haltCallDepth, haltInsufficientBalance } from "../interface.ts";
import { isZeroWord, lessThan } from "../math/word.ts";
import { copyBytes, zeroBytes } from "../memory/bytes.ts";
import { callDepthMax, frameMemoryEnd } from "../memory/layout.ts";
import { Account, codeOf, isCollision } from "../state/account.ts";
import { addBalance, createAccount, subtractBalance, touchAccount } from "../state/changes.ts";
import { Code } from "../state/code.ts";
import { checkpoint, revertTo } from "../state/transaction.ts";
import { Frame, freeMemory, openFrame } from "./frame.ts";
import { bitmapBytes } from "./jump-destinations.ts";
import { conclude, concludeWithout } from "./leave.ts";
import { precompileFailure, precompileNumber, runPrecompile } from "./precompiles.ts";
import { clearReturnData } from "./return-data.ts";

/** Zero bytes behind a code: STOP and the operand of a PUSH32 can be read without looking at the size. */
const codePadding: usize = 40;

/** What a message starts with; filled in by the instruction, read at once. */
@unmanaged
export class Start {
  gas: i64;
  /** Whose balance the value is taken from. */
  payer: Account;
  /** On whose behalf the code runs; of a creation the new account. */
  recipient: Account;
  /** Whose code runs. */
  codeAccount: Account;
  /** Address that CALLER gives. */
  caller: usize;
  /** Word that CALLVALUE gives, wei. */
  value: usize;
  /** Of a creation: the init code. */
  input: usize;
  inputLength: usize;
  isStatic: bool;
  /** Whether the recipient gets the value: it does not in CALLCODE and DELEGATECALL. */
  isTransfer: bool;
}

/** The message that starts. */
export const start = changetype<Start>(memory.data(offsetof<Start>()));

/** Why no message can start below `caller` that has to pay `value` (word); 0: it can. */
export function startFault(caller: Frame, payer: Account, value: usize): i32 {
  if (caller && caller.depth >= callDepthMax) return haltCallDepth;
  return lessThan(payer.balance, value) ? haltInsufficientBalance : 0;
}

/** Starts the call in `start`; answers the frame that continues: the callee's, or the caller's when all is done. */
export function enterCall(caller: Frame): Frame {
  const mark = checkpoint();
  if (start.isTransfer) transfer();
  const number = precompileNumber(start.codeAccount.address);
  if (number !== 0) return enterPrecompile(caller, number, mark);
  const code = codeOf(start.codeAccount);
  if (code.size === 0) return concludeWithout(caller, 0, start.gas);
  const frame = openFrame(caller);
  frame.code = code.bytes;
  frame.codeSize = code.size;
  frame.codeRecord = code;
  frame.jumpDestinations = code.jumpDestinations;
  frame.input = start.input;
  frame.inputLength = start.inputLength;
  frame.isCreation = false;
  return startFrame(frame, mark);
}

/** Starts the creation in `start`; answers as `enterCall`. */
export function enterCreation(caller: Frame): Frame {
  if (isCollision(start.recipient)) return concludeWithout(caller, haltAddressCollision, 0);
  const mark = checkpoint();
  createAccount(start.recipient);
  transfer();
  const frame = openFrame(caller);
  openInitcode(frame);
  // no byte of it; but copying nothing from a pointer that nobody set could go round the end of the address space
  frame.input = start.input;
  frame.inputLength = 0;
  frame.isCreation = true;
  return startFrame(frame, mark);
}

function startFrame(frame: Frame, mark: usize): Frame {
  clearReturnData(); // EIP-211: empty at the start of every frame, whatever was called before
  frame.pc = frame.code;
  frame.gas = start.gas;
  frame.account = start.recipient;
  frame.caller = start.caller;
  frame.value = start.value;
  frame.isStatic = start.isStatic;
  frame.checkpoint = mark;
  return frame;
}

function enterPrecompile(caller: Frame, number: u32, mark: usize): Frame {
  const scratch = freeMemory(caller);
  const gas = runPrecompile(number, start.input, start.inputLength, start.gas, scratch);
  if (gas >= 0) return conclude(caller, 0, gas, 0);
  revertTo(mark);
  return concludeWithout(caller, precompileFailure, 0);
}

function transfer(): void {
  if (isZeroWord(start.value)) return touchAccount(start.recipient);
  subtractBalance(start.payer, start.value);
  addBalance(start.recipient, start.value);
}

/** Puts init code, zeros and room for its bitmap in front of the frame's memory: all of it goes with the frame. */
function openInitcode(frame: Frame): void {
  const code = frame.memoryBase;
  const size = start.inputLength;
  const bitmap = (code + size + codePadding + 31) & ~(<usize>31);
  frame.memoryBase = bitmap + bitmapBytes(size);
  if (frame.memoryBase > frameMemoryEnd) unreachable();
  copyBytes(code, start.input, size);
  zeroBytes(code + size, codePadding);
  frame.code = code;
  frame.codeSize = size;
  frame.codeRecord = changetype<Code>(0);
  frame.jumpDestinations = 0;
}
