/** The end of a creation: what the init code returned becomes the account's code (Yellow Paper, 7). */
import { haltCodeStartsWithEf, haltCodeTooLarge, haltOutOfGas } from "../interface.ts";
import { setCode } from "../state/changes.ts";
import { Frame, halted } from "./frame.ts";
import { gasCodeByte } from "./gas.ts";

/** Bytes (EIP-170). */
const codeSizeMax: usize = 24_576;

/** Stores the frame's output as code; answers the gas left. */
export function depositCode(frame: Frame, gas: i64): i64 {
  const size = frame.outputLength;
  if (size === 0) return gas;
  if (size > codeSizeMax) return halted(frame, haltCodeTooLarge);
  // EIP-3541
  if (load<u8>(frame.output) === 0xef) return halted(frame, haltCodeStartsWithEf);
  const gasLeft = gas - <i64>size * gasCodeByte;
  if (gasLeft < 0) return halted(frame, haltOutOfGas);
  setCode(frame.account, frame.output, <u32>size);
  return gasLeft;
}
