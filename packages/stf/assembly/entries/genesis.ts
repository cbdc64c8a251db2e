/** The entry `genesis`: the state that consists of given accounts. */
import { emit } from "../host.ts";
import { exitDone, outputStateRoot } from "../interface.ts";
import { commitState } from "../state/commit.ts";
import { beginState } from "../state/transaction.ts";
import { emptyRootHash } from "../trie/hash.ts";
import { putAccounts } from "./accounts.ts";
import { resetRun } from "./reset.ts";
import { openTask, taskEnd } from "./task.ts";

const stateRoot: usize = memory.data(32);

/** Task: [[address, balance, nonce, code, [[slot, value]...]]...]. */
export function genesis(): i32 {
  resetRun();
  const accounts = openTask();
  beginState(emptyRootHash);
  putAccounts(accounts, taskEnd);
  commitState(stateRoot, true);
  emit(outputStateRoot, stateRoot, 32);
  return exitDone;
}
