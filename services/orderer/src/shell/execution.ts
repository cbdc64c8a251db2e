/** Everything that executes: threads for blocks, for calls and for senders, and state for the main thread. */
import {
  type BlockThread,
  type CallThread,
  createCallThread,
  createStateAccess,
  networkRules,
  rememberSenders,
  type SenderPool,
  type StateAccess,
  startBlockThread,
  startContentReader,
  startSenderPool,
} from "@sequorum/execution";
import type { NetworkConfig } from "@sequorum/protocol";
import type { Sql } from "@sequorum/store";
import type { OrdererConfig } from "../config.ts";

/** What executes. */
export type Execution = {
  readonly state: StateAccess;
  readonly blocks: BlockThread;
  readonly calls: CallThread;
  readonly senders: SenderPool;
  /** Takes packed recoveries for the main thread and for blocks: no sender is recovered twice. */
  remember(recoveries: Uint8Array): void;
  close(): Promise<void>;
};

/** What it is made of. */
export type ExecutionOptions = {
  readonly config: OrdererConfig;
  readonly network: NetworkConfig;
  readonly sql: Sql;
  /** Told when a thread ended by itself. */
  readonly fail: (error: unknown) => void;
};

/** Starts the threads. */
export function startExecution({ config, network, sql, fail }: ExecutionOptions): Execution {
  const { chainId, rules } = networkRules(network);
  const reader = startContentReader({ url: config.postgresUrl, schema: "orderer" }, fail);
  const options = { chainId, rules, reader, cacheBytesMax: config.stateCacheBytes };
  const less = { ...options, cacheBytesMax: Math.ceil(config.stateCacheBytes / 4) };
  const blocks = startBlockThread(options, fail);
  const calls = createCallThread(less, config.callMsMax);
  const senders = startSenderPool({ chainId, rules, fail });
  const state = createStateAccess({ ...less, sql, onFetched: blocks.add });
  return {
    state,
    blocks,
    calls,
    senders,
    remember(recoveries) {
      rememberSenders(state.executor, recoveries);
      blocks.remember(recoveries);
    },
    async close() {
      await Promise.all([blocks.close(), calls.close(), senders.close()]);
      await reader.stop();
    },
  };
}
