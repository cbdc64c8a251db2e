// Shell of the L1 watcher: polls a node, feeds `stepWatcher`, and hands confirmed blocks to an async iteration.

import { setTimeout as delay } from "node:timers/promises";
import { assert } from "@sequorum/protocol";
import { BlockNotFoundError, type Hex } from "viem";
import { causes, type L1Client, toL1Error } from "./clients.ts";
import {
  type L1Cursor,
  L1DeepReorgError,
  L1UnavailableError,
  L1WrongChainError,
} from "./errors.ts";
import { bloomMayContain } from "./watcher-bloom.ts";
import {
  initialWatcherState,
  type L1Block,
  stepWatcher,
  type WatcherEffect,
  type WatcherInput,
  type WatcherState,
} from "./watcher-core.ts";

/** A block with `confirmationDepth` blocks on top, and the logs of the watched contracts in it. */
export type L1ConfirmedBlock = L1Block;

/** What {@link watchL1Chain} tells about the chain's tip and its confirmed part. */
export type L1ChainEvent =
  /** The unconfirmed chain grew by this block. */
  | { readonly type: "extend"; readonly block: L1Block }
  /** The unconfirmed blocks above `to` are not in the chain any more. */
  | { readonly type: "rollback"; readonly to: bigint }
  /** This block, extended before, is confirmed. */
  | { readonly type: "confirm"; readonly block: L1ConfirmedBlock };

/** How the node answers, for logs, metrics and readiness. */
export type L1WatchStatus =
  | { readonly type: "ok"; readonly head: L1Cursor }
  | { readonly type: "unavailable"; readonly failures: number; readonly error: Error };

/** Options of {@link watchL1}. */
export type WatchL1Options = {
  readonly client: L1Client;
  /** First block to deliver when there is no `after`. */
  readonly fromBlock: bigint;
  /** Last block that the caller has dealt with, from its own store: delivery continues after it. */
  readonly after?: L1Cursor | undefined;
  /** Blocks on top of a block before it counts (`l1ConfirmationDepth`). */
  readonly confirmationDepth: number;
  /** Contracts whose logs are wanted; none means blocks only. */
  readonly addresses: readonly Hex[];
  readonly signal: AbortSignal;
  /** Time between two questions for the head, in milliseconds (default 1,000). */
  readonly pollIntervalMs?: number;
  /** Blocks fetched at once when catching up (default 64). */
  readonly chunkBlocksMax?: number;
  /** Called after each poll; must not throw. */
  readonly onStatus?: (status: L1WatchStatus) => void;
};

const concurrentRequestsMax = 8;
const backoffMsMax = 10_000;
const deliveredHeadersMax = 128;
const deepReorgSightingsMax = 5;

/**
 * Confirmed L1 blocks, each exactly once, in order, without gap, from `after` (exclusive) or `fromBlock`.
 *
 * Ends when `signal` aborts. A node that is down, slow, behind or inconsistent only delays (see `onStatus`). Throws
 * {@link L1DeepReorgError} when a delivered block was replaced, and {@link L1WrongChainError}.
 */
export async function* watchL1(
  options: WatchL1Options,
): AsyncGenerator<L1ConfirmedBlock, void, undefined> {
  for await (const event of watchL1Chain(options)) {
    if (event.type === "confirm") yield event.block;
  }
}

/** As {@link watchL1}, plus the unconfirmed tip and its rollbacks. After a restart the tip is told anew from the cursor on. */
export async function* watchL1Chain(
  options: WatchL1Options,
): AsyncGenerator<L1ChainEvent, void, undefined> {
  const pollIntervalMs = options.pollIntervalMs ?? 1_000;
  let state = start(options);
  let failures = 0;
  while (!options.signal.aborted) {
    const result = yield* poll(options, state);
    state = result.state;
    if ("head" in result) {
      failures = 0;
      options.onStatus?.({ type: "ok", head: result.head });
    } else {
      failures += 1;
      report(options, result.failure, failures);
    }
    await sleep(backoffMs(pollIntervalMs, failures), options.signal);
  }
}

type Poll = { readonly state: WatcherState } & (
  | { readonly head: L1Cursor }
  | { readonly failure: unknown }
);

/** Asks for the head once, and follows the node to it. */
async function* poll(
  options: WatchL1Options,
  initial: WatcherState,
): AsyncGenerator<L1ChainEvent, Poll, undefined> {
  let state = initial;
  const head = await attempt(() => fetchHead(options.client));
  if ("failure" in head) return { state, ...head };
  const inputs: WatcherInput[] = [{ type: "headSeen", head: head.value }];
  for (let input = inputs.shift(); input && !options.signal.aborted; input = inputs.shift()) {
    const step = stepWatcher(state, input);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type === "deepReorg") throw await deepReorg(options.client, state);
      if (effect.type !== "fetchBlocks") {
        yield effect;
        continue;
      }
      const fetched = await attempt(() => fetchBlocks(options, effect));
      if ("failure" in fetched) return { state, ...fetched };
      inputs.push(fetched.value);
    }
  }
  return { state, head: head.value };
}

async function attempt<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly failure: unknown }> {
  try {
    return { value: await work() };
  } catch (failure) {
    return { failure };
  }
}

function start(options: WatchL1Options): WatcherState {
  const parameters = {
    fromBlock: options.fromBlock,
    confirmationDepth: BigInt(options.confirmationDepth),
    chunkBlocksMax: options.chunkBlocksMax ?? 64,
    deliveredHeadersMax,
    deepReorgSightingsMax,
  };
  return initialWatcherState(parameters, options.after);
}

async function fetchHead(client: L1Client): Promise<L1Cursor> {
  const { number, hash } = await client.getBlock({ blockTag: "latest" });
  return { number, hash };
}

/** The blocks of a range that the node has, ascending and without gap, with their logs. */
async function fetchBlocks(
  options: WatchL1Options,
  effect: Extract<WatcherEffect, { type: "fetchBlocks" }>,
): Promise<WatcherInput> {
  const blocks: L1Block[] = [];
  for (let from = effect.from; from <= effect.to; from += BigInt(concurrentRequestsMax)) {
    const numbers: bigint[] = [];
    for (let n = from; n <= effect.to && numbers.length < concurrentRequestsMax; n++)
      numbers.push(n);
    const fetched = await Promise.all(numbers.map((number) => fetchBlock(options, number)));
    const missing = fetched.indexOf(undefined);
    blocks.push(
      ...fetched.slice(0, missing === -1 ? undefined : missing).filter((b) => b !== undefined),
    );
    if (missing !== -1) break;
  }
  return { type: "blocksFetched", head: effect.head, blocks };
}

/** One block with its logs; `undefined` when the node does not have it (it is behind). */
async function fetchBlock(options: WatchL1Options, number: bigint): Promise<L1Block | undefined> {
  const { client, addresses } = options;
  try {
    const { hash, parentHash, timestamp, logsBloom } = await client.getBlock({
      blockNumber: number,
    });
    const watched = addresses.filter((address) => bloomMayContain(logsBloom, address));
    return { number, hash, parentHash, timestamp, logs: await fetchLogs(client, hash, watched) };
  } catch (error) {
    if (causes(error).some((cause) => cause instanceof BlockNotFoundError)) return undefined;
    throw error;
  }
}

// Logs are asked for by block hash: a node that does not have exactly this block answers with an error, never with the
// logs of another block or with an empty list.
async function fetchLogs(
  client: L1Client,
  blockHash: Hex,
  addresses: readonly Hex[],
): Promise<L1Block["logs"]> {
  if (addresses.length === 0) return [];
  const logs = await client.getLogs({ blockHash, address: [...addresses] });
  const strays = logs.filter((log) => log.blockHash !== blockHash || log.removed);
  if (strays.length > 0)
    throw new L1UnavailableError("the L1 node answered with logs of another block");
  return logs.toSorted((a, b) => a.logIndex - b.logIndex);
}

/** Looks for the newest delivered block that the node still has. */
async function deepReorg(client: L1Client, state: WatcherState): Promise<L1DeepReorgError> {
  const delivered = state.delivered.at(-1);
  assert(delivered !== undefined, "a deep reorg replaces a delivered block");
  let commonAncestor: L1Cursor | undefined;
  for (const known of state.delivered.toReversed()) {
    const found = await client.getBlock({ blockNumber: known.number }).catch(() => undefined);
    if (found?.hash !== known.hash) continue;
    commonAncestor = known;
    break;
  }
  return new L1DeepReorgError({ delivered, commonAncestor });
}

function report(options: WatchL1Options, cause: unknown, failures: number): void {
  const error = toL1Error(cause);
  if (error instanceof L1WrongChainError) throw error;
  options.onStatus?.({ type: "unavailable", failures, error });
}

function backoffMs(pollIntervalMs: number, failures: number): number {
  return Math.max(
    pollIntervalMs,
    Math.min(backoffMsMax, pollIntervalMs * 2 ** Math.min(failures, 4)),
  );
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined); // Aborting ends the loop, it is no failure.
}
