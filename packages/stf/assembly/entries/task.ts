/** The task of a run: one RLP list, read item by item with codec/rlp-fields.ts. A malformed task is the host's bug and traps. */
import { takeList, takenPayload } from "../codec/rlp-fields.ts";
import { preimage, takePreimage } from "../host.ts";
import { preimageTask } from "../interface.ts";
import { allocate } from "../memory/arena.ts";

/** First byte behind the task. */
export let taskEnd: usize = 0;

/** Fetches the task; answers its first item. */
export function openTask(): usize {
  const length = <usize>preimage(preimageTask, 0, 0);
  const task = allocate(length);
  takePreimage(task);
  taskEnd = task + length;
  if (takeList(task, taskEnd) !== taskEnd) unreachable();
  return takenPayload;
}

/** What every reader of a task ends with: `at` is behind the last item. */
export function closeTask(at: usize): void {
  if (at !== taskEnd) unreachable();
}
