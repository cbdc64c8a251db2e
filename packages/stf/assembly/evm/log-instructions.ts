/** LOG0 to LOG4 (Yellow Paper, appendix H). */
import { haltStaticViolation } from "../interface.ts";
import { appendLog } from "../state/logs.ts";
import { Frame, halted } from "./frame.ts";
import { gasLogByte } from "./gas.ts";
import { expandMemory, memoryAt } from "./memory.ts";

/** Stack: offset, length, topics. Answers the gas left, negative on failure. */
export function log(frame: Frame, topicCount: i32, sp: usize, gas: i64): i64 {
  if (frame.isStatic) return halted(frame, haltStaticViolation);
  gas = expandMemory(frame, sp, sp + 32, gas);
  if (gas < 0) return gas;
  const length = <usize>load<u64>(sp, 32);
  gas -= <i64>length * gasLogByte;
  if (gas < 0) return gas;
  const data = memoryAt(frame, sp, length);
  appendLog(frame.account.address, topicCount, sp + 64, data, length);
  return gas;
}
