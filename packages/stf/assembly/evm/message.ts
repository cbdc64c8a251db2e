/** Messages: what a transaction, a call or the protocol lets run, with everything it calls (Yellow Paper, 8). */
import { accountAt } from "../state/account.ts";
import { enterCall, enterCreation, start, startFault } from "./enter.ts";
import { Frame, noFrame, resetFrames } from "./frame.ts";
import { execute } from "./interpreter.ts";
import { concludeWithout, endGas, endHalt } from "./leave.ts";
import { resetOpcodeTable } from "./opcode-table.ts";
import { clearReturnData, returnData, returnDataLength } from "./return-data.ts";
import { resetTrace } from "./trace.ts";

/** What runs. */
@unmanaged
export class Message {
  gas: i64;
  /** Address. */
  caller: usize;
  /** Address; of a creation that of the new account. */
  recipient: usize;
  /** Address of the account whose code runs. */
  codeAddress: usize;
  /** Word, wei. */
  value: usize;
  /** Of a creation the init code. */
  input: usize;
  inputLength: usize;
  isCreation: bool;
  isStatic: bool;
}

/** How it ended. */
@unmanaged
export class MessageResult {
  gasLeft: i64;
  /** 0: success; else a halt of interface.ts. */
  halt: i32;
  /** Output or revert data; of a successful creation the new account's address. Valid until the next message. */
  output: usize;
  outputLength: usize;
}

/** Start of a run. */
export function resetEvm(): void {
  resetOpcodeTable();
  resetFrames();
  resetTrace();
  clearReturnData();
}

/**
 * Runs a message with its whole tree of calls. The nonce of the sender, and what is warm from the start, is the
 * caller's matter; a failure leaves no other trace in the state than the gas it took.
 */
export function runMessage(message: Message, result: MessageResult): void {
  let frame = startMessage(message);
  while (frame) frame = execute(frame);
  result.halt = endHalt;
  result.gasLeft = endGas;
  result.output = returnData;
  result.outputLength = returnDataLength;
}

function startMessage(message: Message): Frame {
  start.gas = message.gas;
  start.payer = accountAt(message.caller);
  start.recipient = accountAt(message.recipient);
  start.caller = message.caller;
  start.value = message.value;
  start.input = message.input;
  start.inputLength = message.inputLength;
  start.isStatic = message.isStatic;
  start.isTransfer = true;
  const fault = startFault(noFrame, start.payer, message.value);
  if (fault !== 0) return concludeWithout(noFrame, fault, message.gas);
  if (message.isCreation) return enterCreation(noFrame);
  start.codeAccount = accountAt(message.codeAddress);
  return enterCall(noFrame);
}
