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
export { adminAbi } from "./abi/admin.ts";
export {
  developmentStakeTokenAbi,
  developmentStakeTokenBytecode,
} from "./abi/development-stake-token.ts";
export { epochRegistryAbi } from "./abi/epoch-registry.ts";
export { forcedQueueAbi } from "./abi/forced-queue.ts";
export { rollupChainAbi } from "./abi/rollup-chain.ts";
export { sequencerRegistryAbi } from "./abi/sequencer-registry.ts";
export { signatureSchemeAbi } from "./abi/signature-scheme.ts";
export { stakeVaultAbi } from "./abi/stake-vault.ts";
export { timelockAbi } from "./abi/timelock.ts";
export { type Member, type NetworkIdentity, readMembers } from "./members.ts";
export {
  type DeployedParameters,
  type Deployment,
  type DeployOptions,
  deployContracts,
  type OperatorDeployment,
  sequencerKeyProofDigest,
} from "./deploy.ts";
export { DeployError } from "./deploy-transactions.ts";
export {
  type BroadcastOutcome,
  broadcastTransaction,
  type L1TransactionRequest,
  type SignedL1Transaction,
  senderAddress,
  signL1Transaction,
} from "./sender.ts";
export { decodeRevert, type Revert, type Simulation, simulateCall } from "./sender-reverts.ts";
