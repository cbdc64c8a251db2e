/** The result of the message that was executed last: of a call, or of a transaction that is traced. */
import { listHeaderSize, writeBytes, writeListHeader, writeUint64 } from "../codec/rlp-writer.ts";
import { emit } from "../host.ts";
import { outputCallResult } from "../interface.ts";
import { allocate } from "../memory/arena.ts";
import { accountAt, codeOf } from "../state/account.ts";
import { execution } from "../transaction/execute.ts";

/** Room for all of a result but its output. */
const resultBytesMax: usize = 64;
const listHeaderBytesMax: usize = 9;

/** Output: [halt, gas used, output or deployed code, address of the new contract or empty]. */
export function emitCallResult(): void {
  const created = execution.halt === 0 ? execution.created : 0;
  let output = execution.output;
  let length = execution.outputLength;
  if (created !== 0) {
    const code = codeOf(accountAt(created));
    output = code.bytes;
    length = <usize>code.size;
  }
  // the output may lie where other outputs are built
  const payload = allocate(length + resultBytesMax) + listHeaderBytesMax;
  let at = writeUint64(payload, execution.halt);
  at = writeUint64(at, execution.gasUsed);
  at = writeBytes(at, output, length);
  at = writeBytes(at, created, created === 0 ? 0 : 20);
  const start = payload - listHeaderSize(at - payload);
  writeListHeader(start, at - payload);
  emit(outputCallResult, start, at - start);
}
