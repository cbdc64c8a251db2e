/** L1 access shared by the services: clients, reorg-aware watching, sending, contract bindings. */
export { createL1Client, type L1Client, type L1ClientOptions, toL1Error } from "./clients.ts";
export {
  isRetryable,
  type L1Cursor,
  L1DeepReorgError,
  L1UnavailableError,
  L1WrongChainError,
} from "./errors.ts";
export {
  type L1ChainEvent,
  type L1ConfirmedBlock,
  type L1WatchStatus,
  type WatchL1Options,
  watchL1,
  watchL1Chain,
} from "./watcher.ts";
