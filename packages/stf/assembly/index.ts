import { resetArena, allocate } from "./memory/arena.ts";
import { block } from "./evm/environment.ts";
export function probe(): usize { resetArena(); block.number = 5; return allocate(10); }
