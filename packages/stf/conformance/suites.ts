/** All suites of the shared data, in the order in which they are reported. */
import { blockchainTests } from "./blockchain-tests.ts";
import { rlpTests } from "./rlp-tests.ts";
import { stateTests } from "./state-tests.ts";
import type { Suite } from "./suite.ts";
import { transactionTests } from "./transaction-tests.ts";
import { trieTests } from "./trie-tests.ts";

/** Every suite. */
export const suites: readonly Suite[] = [
  stateTests,
  blockchainTests,
  transactionTests,
  rlpTests,
  trieTests,
];
