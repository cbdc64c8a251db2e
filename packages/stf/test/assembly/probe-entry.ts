/** A module that does what a host must survive; its entries have the names of the real ones. */
import { emit, preimage, takePreimage } from "../../assembly/host.ts";
import {
  exitDone,
  exitNotIncludable,
  outputNode,
  outputStateRoot,
  outputTraceStep,
  preimageKeccak,
  preimagePrecompile,
  preimageTask,
  preimageTransaction,
} from "../../assembly/interface.ts";
import { allocate, resetArena } from "../../assembly/memory/arena.ts";
import { arenaRegion } from "../../assembly/memory/layout.ts";

export { arenaRegion };

const pages160MiB: i32 = 2_560;
const counter: usize = memory.data(8);
const key: usize = memory.data(32);

/** Hands out how often this instance has run, and what it finds in the arena. */
export function genesis(): i32 {
  store<u64>(counter, load<u64>(counter) + 1);
  emit(outputStateRoot, counter, 8);
  resetArena();
  emit(outputTraceStep, allocate(8), 8);
  return exitDone;
}

/** Grows beyond what a host keeps. */
export function batch(): i32 {
  resetArena();
  allocate(8); // as far as the arena
  memory.grow(pages160MiB);
  return genesis();
}

/** Traps. */
export function replay(): i32 {
  unreachable();
  return exitDone;
}

/** Asks for the content of the hash in the task, and hands it out, as content and as it is. */
export function read(): i32 {
  resetArena();
  preimage(preimageTask, 0, 0);
  takePreimage(key);
  const length = <usize>preimage(preimageKeccak, key, 32);
  const content = allocate(32 + length);
  memory.grow(1); // the memory that the host saw is another one now
  takePreimage(content + 32);
  for (let i: usize = 0; i < 32; i += 1) store<u8>(content + i, load<u8>(key + i));
  emit(outputNode, content, 32 + length);
  emit(outputStateRoot, content + 32, length);
  return exitDone;
}

/** Hands out every transaction as a step of a trace. */
export function call(): i32 {
  resetArena();
  for (let index: u32 = 0; ; index += 1) {
    store<u32>(key, index);
    const length = preimage(preimageTransaction, key, 4);
    if (length < 0) break;
    const at = allocate(length);
    takePreimage(at);
    emit(outputTraceStep, at, length);
  }
  return exitNotIncludable;
}

/** Asks the question that is the task as one for a precompile; hands out the answer. */
export function transaction(): i32 {
  resetArena();
  const length = <usize>preimage(preimageTask, 0, 0);
  const question = allocate(length);
  takePreimage(question);
  const answerLength = <usize>preimage(preimagePrecompile, question, length);
  const answer = allocate(answerLength);
  takePreimage(answer);
  emit(outputStateRoot, answer, answerLength);
  return exitDone;
}

/** Ends with a code that does not exist. */
export function block(): i32 {
  return 1;
}
