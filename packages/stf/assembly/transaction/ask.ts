/** Raw transactions come from the host one by one. */
import { preimage, takePreimage } from "../host.ts";
import { preimageTransaction } from "../interface.ts";
import { allocate } from "../memory/arena.ts";

const key: usize = memory.data(4);

/** What the last successful `askTransaction` got. */
export let rawTransaction: usize = 0;
/** Its length, bytes. */
export let rawLength: usize = 0;

/** Asks for the transaction of this index; false when there is none any more. */
export function askTransaction(index: u32): bool {
  store<u32>(key, index);
  const length = preimage(preimageTransaction, key, 4);
  if (length < 0) return false;
  rawLength = <usize>length;
  rawTransaction = allocate(rawLength);
  takePreimage(rawTransaction);
  return true;
}
