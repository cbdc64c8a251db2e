/** The entries of the state-transition function. Each reads its task from the host and answers an exit code of interface.ts. */
import { batch } from "./batch/batch-entry.ts";
import { block } from "./entries/block.ts";
import { call } from "./entries/call.ts";
import { genesis } from "./entries/genesis.ts";
import { read } from "./entries/read.ts";
import { replay } from "./entries/replay.ts";
import { transaction } from "./entries/transaction.ts";
import { arenaRegion } from "./memory/layout.ts";

// `arenaRegion` is for hosts: memory beyond it is what runs allocated.
export { arenaRegion, batch, block, call, genesis, read, replay, transaction };
