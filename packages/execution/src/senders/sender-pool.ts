/** Threads that recover the senders of transactions: it is the costliest part of a transfer, and is done once. */
import { availableParallelism } from "node:os";
import { type ExecutionRules, loadModule, type TransactionFault } from "@sequorum/stf";
import { startThread } from "../threads/ask-thread.ts";
import { recoveryBytes } from "./recovery.ts";
import type { Recovered, SenderThreadData } from "./sender-thread.ts";

/** What recovering one transaction gives. `recovery` is packed. */
export type RecoveredSender =
  | { readonly type: "recovered"; readonly recovery: Uint8Array }
  | { readonly type: "rejected"; readonly code: TransactionFault };

/** The running threads. */
export type SenderPool = {
  /** Recovers a transaction that a user sent; undefined when too many wait. */
  recover(raw: Uint8Array): Promise<RecoveredSender> | undefined;
  /** Recovers the transactions of a block, before those of users. Packed; one that has no sender is all zero. */
  recoverBlock(raws: readonly Uint8Array[]): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** What the pool is made of. */
export type SenderPoolOptions = {
  readonly chainId: bigint;
  readonly rules: ExecutionRules;
  /** Told when a thread ended by itself. */
  readonly fail: (error: unknown) => void;
};

/** Transactions of users that may wait for one thread. */
const waitingMax = 16_384;
/** A thread takes so many at once, about 3 ms of work: a block waits no longer than that for its turn. */
const groupMax = 32;
const heapMbMax = 128;
/** Two threads recover more a second than one thread executes. */
const threadsMax = 2;

type Waiting = {
  readonly raw: Uint8Array;
  readonly resolve: (recovered: RecoveredSender) => void;
  readonly reject: (error: unknown) => void;
};

/** Starts the threads: one core is for everything else. */
export function startSenderPool({ chainId, rules, fail }: SenderPoolOptions): SenderPool {
  const size = Math.max(1, Math.min(threadsMax, availableParallelism() - 1));
  const data: SenderThreadData = { chainId, rules, module: loadModule() };
  const lanes = Array.from({ length: size }, (_, i) => startLane(`senders ${i + 1}`, data, fail));
  // the same transaction always goes to the same thread, which knows its sender the second time
  const laneOf = (raw: Uint8Array) => lanes[(raw.at(-1) ?? 0) % size] ?? lanes[0];
  return {
    recover: (raw) => laneOf(raw)?.recover(raw, false),
    async recoverBlock(raws) {
      const packed = new Uint8Array(raws.length * recoveryBytes);
      const recovered = await Promise.all(raws.map((raw) => laneOf(raw)?.recover(raw, true)));
      for (const [i, each] of recovered.entries()) {
        if (each?.type === "recovered") packed.set(each.recovery, i * recoveryBytes);
      }
      return packed;
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}

function startLane(name: string, data: SenderThreadData, fail: (error: unknown) => void) {
  const file = new URL("./sender-thread.ts", import.meta.url);
  const thread = startThread<readonly Uint8Array[]>({ file, name, data, heapMbMax, onEnd: fail });
  const ofBlocks: Waiting[] = [];
  const ofUsers: Waiting[] = [];
  let isBusy = false;

  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    await new Promise((resolve) => setImmediate(resolve)); // what arrives in the same turn joins the group
    for (;;) {
      const group = ofBlocks.splice(0, groupMax);
      group.push(...ofUsers.splice(0, groupMax - group.length));
      if (group.length === 0) break;
      try {
        const recovered = await thread.ask<Recovered>(group.map(({ raw }) => raw));
        for (const [i, { resolve }] of group.entries()) resolve(resultAt(recovered, i));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isBusy = false;
  }

  return {
    recover(raw: Uint8Array, isOfBlock: boolean): Promise<RecoveredSender> | undefined {
      if (!isOfBlock && ofUsers.length >= waitingMax) return undefined;
      return new Promise((resolve, reject) => {
        (isOfBlock ? ofBlocks : ofUsers).push({ raw, resolve, reject });
        void work();
      });
    },
    close: thread.close,
  };
}

function resultAt({ recoveries, faults }: Recovered, i: number): RecoveredSender {
  const code = faults[i] ?? null;
  if (code !== null) return { type: "rejected", code };
  return {
    type: "recovered",
    recovery: recoveries.subarray(i * recoveryBytes, (i + 1) * recoveryBytes),
  };
}
