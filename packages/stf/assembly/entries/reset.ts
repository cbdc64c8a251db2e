/** The start state of everything that a run changes and that no other function puts there. */
import { resetEvm } from "../evm/message.ts";
import { resetArena } from "../memory/arena.ts";
import { resetTrie } from "../trie/trie.ts";

/** Called first in every entry: the run before may have been ended anywhere. */
export function resetRun(): void {
  resetArena();
  resetTrie();
  resetEvm();
}
