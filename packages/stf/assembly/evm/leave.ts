/** How a message ends, and what its caller gets of it (Yellow Paper, 7 and 8). */
import { haltRevert } from "../interface.ts";
import { clearWord, loadAddress, setWord } from "../math/word.ts";
import { copyBytes } from "../memory/bytes.ts";
import { revertTo } from "../state/transaction.ts";
import { depositCode } from "./code-deposit.ts";
import { Frame, noFrame } from "./frame.ts";
import {
  clearReturnData,
  keepReturnData,
  returnData,
  returnDataLength,
  setReturnData,
} from "./return-data.ts";

/** How the transaction's own message ended: 0, or a halt of interface.ts. */
export let endHalt: i32 = 0;
/** Gas that it left. */
export let endGas: i64 = 0;

/** Ends a frame; answers the frame that continues, or none. `frame.output` is what it returns or reverts with. */
export function leaveFrame(frame: Frame, halt: i32, gas: i64): Frame {
  if (halt === 0 && frame.isCreation) {
    gas = depositCode(frame, gas);
    if (gas < 0) halt = frame.halt;
  }
  if (halt === 0) {
    if (!frame.isCreation) return concludeWithOutput(frame, 0, gas);
    clearReturnData();
    return conclude(frame.parent, 0, gas, frame.account.address);
  }
  revertTo(frame.checkpoint);
  if (halt === haltRevert) return concludeWithOutput(frame, halt, gas);
  clearReturnData();
  return conclude(frame.parent, halt, 0, 0);
}

/** Ends a message that cannot start, or that came to nothing: there is no output. */
export function concludeWithout(caller: Frame, halt: i32, gas: i64): Frame {
  clearReturnData();
  return conclude(caller, halt, gas, 0);
}

/**
 * Gives a message's result to its caller, or to runMessage when there is none: gas, and on the stack the address of what
 * was created, or whether the message succeeded. The output is in the return data already.
 */
export function conclude(caller: Frame, halt: i32, gas: i64, created: usize): Frame {
  if (!caller) {
    endHalt = halt;
    endGas = gas;
    if (created !== 0) setReturnData(created, 20);
    return noFrame;
  }
  caller.gas += gas;
  if (halt !== 0) clearWord(caller.sp);
  else if (created !== 0) loadAddress(caller.sp, created);
  else setWord(caller.sp, 1);
  copyBytes(caller.returnTo, returnData, min(caller.returnLengthMax, returnDataLength));
  return caller;
}

function concludeWithOutput(frame: Frame, halt: i32, gas: i64): Frame {
  keepReturnData(frame.output, frame.outputLength);
  return conclude(frame.parent, halt, gas, 0);
}
