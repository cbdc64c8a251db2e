/** The running core with its hands: everything of an orderer but its servers. */
import type { Bus } from "@sequorum/bus";
import { assert, type Hex, type NetworkConfig, recoverAddress } from "@sequorum/protocol";
import {
  type Logger,
  type PeerIdentity,
  RetryableError,
  type Runtime,
  runRuntime,
} from "@sequorum/service";
import type { Store } from "@sequorum/store";
import { type BlockReader, createBlockReader } from "../adapters/block-reader.ts";
import { followDecisions } from "../adapters/decisions.ts";
import { createFeedClients, type FeedClients } from "../adapters/feed-client.ts";
import { createFeedHub, type FeedHub } from "../adapters/feed-hub.ts";
import type { ArrivedBlock } from "../adapters/feed-wire.ts";
import { loadTransactions } from "../adapters/progress-store.ts";
import type { OrdererConfig } from "../config.ts";
import { isLeading } from "../core/build-block.ts";
import type { Input } from "../core/input.ts";
import { initialState, type Origin, type Parameters, type State } from "../core/state.ts";
import { step } from "../core/step.ts";
import type { OrdererMetrics } from "../metrics.ts";
import type { OrdererPorts } from "../ports.ts";
import { heartbeatDigest, type SealContext, sealSigner } from "../seals.ts";
import { createBlockTraces } from "./block-traces.ts";
import {
  type ChainPosition,
  createCallExecutor,
  createChainEvents,
  createChainReader,
} from "./chain-view.ts";
import { createEngine, type Engine } from "./engine.ts";
import { createIntake, type Intake } from "./intake.ts";
import { perform } from "./perform.ts";
import { startStatePruning } from "./prune-state.ts";
import { ensureGenesis, restore } from "./restore.ts";
import { type Execution, startExecution } from "./execution.ts";

/** What a node is made of. */
export type NodeOptions = {
  readonly config: OrdererConfig;
  readonly network: NetworkConfig;
  readonly privateKey: Uint8Array;
  readonly self: Hex;
  readonly identity: PeerIdentity;
  readonly store: Store;
  readonly bus: Pick<Bus, "publish">;
  readonly coinbase: Hex;
  readonly seals: SealContext;
  readonly metrics: OrdererMetrics;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly fail: (error: unknown) => void;
};

/** A running node. */
export type Node = OrdererPorts & {
  readonly pool: Intake;
  readonly state: () => State;
  readonly position: ChainPosition;
  readonly reader: BlockReader;
  readonly hub: FeedHub;
  readonly clients: FeedClients;
  /** Offers an input; a full queue stops the process. */
  readonly offer: (input: Input) => void;
  readonly onOrigins: (origins: readonly Origin[]) => void;
  /** L1 replaced its confirmed blocks above this number. */
  readonly onOriginsReplaced: (above: bigint) => void;
  followDecisions(bus: Bus): void;
  /** Whether everything certified is held. */
  isSynced(): boolean;
  close(): Promise<void>;
};

/** Inputs that may wait for the core, and the period of its clock. */
const queueMax = 65_536;
const tickMs = 25;

/** Restores the chain and starts the core. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { config, network, store, signal, logger, fail } = options;
  const reader = createBlockReader(store.sql);
  const execution = startExecution({ config, network, sql: store.sql, fail });
  const { state } = execution;
  await ensureGenesis({ store, reader, state, network });
  const { restored, levels } = await restore({ store, reader, state, network }, Date.now());
  const initial = initialState(toParameters(options), restored);
  const head = initial.tree.get(initial.head);
  assert(head !== undefined, "the restored head is in the tree");
  const position: ChainPosition = { head: head.hash, headNumber: head.height, levels };
  const engine = createEngine({
    execution,
    sql: store.sql,
    reader,
    ...pick(options),
  });
  const pruning = await startStatePruning({ ...options, reader, position });
  const view = {
    chainId: network.l2ChainId,
    reader,
    state,
    calls: execution.calls,
    sql: store.sql,
    position,
    keptFrom: pruning.keptFrom,
    callGasMax: BigInt(config.callGasMax),
    callsMax: config.callsMax,
  };
  const events = createChainEvents(reader);
  const hub = createFeedHub();
  const offer = (input: Input) => {
    if (!runtime.offer(input) && !signal.aborted)
      fail(new RetryableError("the orderer's input queue is full"));
  };
  const traces = createBlockTraces();
  const pool: Intake = createIntake({
    execution,
    state: () => runtime.state(),
    offer: (input) => runtime.offer(input),
    nowMs: Date.now,
    onAnswered: (result, ms) => {
      traces.answered(result, ms);
      options.metrics.acceptanceSeconds.observe(ms / 1_000);
      options.metrics.submissions.add({
        answer: result.type === "accepted" ? "accepted" : result.code,
      });
    },
  });
  const clients = connectFeeds(options, { engine, offer, state: () => runtime.state() });
  const shell = {
    ...options,
    reader,
    state,
    engine,
    hub,
    events,
    position,
    offer,
    nowMs: Date.now,
  };
  const runtime: Runtime<State, Input> = runRuntime({
    initial,
    step,
    perform: traces.around((effect) =>
      perform(effect, { ...shell, intake: () => pool, clients: () => clients }),
    ),
    queueMax,
    onFailure: fail,
  });
  await offerRestored({ store, execution, runtime, offer, initial });
  const timer = setInterval(() => {
    runtime.offer({ type: "tick", atMs: Date.now() });
    report(runtime.state(), clients, options.metrics);
  }, tickMs);
  logger.info("chain restored", {
    height: position.headNumber,
    certified: levels.certified,
    term: initial.term?.term ?? 0n,
  });
  return {
    chain: createChainReader(view),
    calls: createCallExecutor(view),
    pool,
    events,
    state: () => runtime.state(),
    position,
    reader,
    hub,
    clients,
    offer,
    onOrigins: (origins) => offer({ type: "originsConfirmed", origins, atMs: Date.now() }),
    onOriginsReplaced: (above) => offer({ type: "originsReplaced", above, atMs: Date.now() }),
    followDecisions: (bus) => followDecisions(bus, decisionSink(position, events, offer)),
    isSynced: () => runtime.state().uncovered.size === 0,
    async close() {
      clearInterval(timer);
      pool.close();
      await clients.close();
      await runtime.stop();
      await pruning.close();
      await execution.close();
    },
  };
}

function pick({ coinbase, config }: NodeOptions) {
  return { coinbase, buildMsMax: config.buildMsMax };
}

function toParameters({ config, network, self }: NodeOptions): Parameters {
  const { blockIntervalMs, leaderTimeoutMs, uncertifiedBlocksMax, l1OriginDriftSecondsMax } =
    network.parameters;
  return {
    self,
    blockIntervalMs,
    leaderTimeoutMs,
    uncertifiedBlocksMax,
    originDriftSecondsMax: l1OriginDriftSecondsMax,
    stallTimeoutMs: config.stallTimeoutMs,
    originSettleMs: config.originSettleMs,
    originSettleBlocks: config.originSettleBlocks,
    heartbeatIntervalMs: 250,
    forwardIntervalMs: 2_000,
    fetchIntervalMs: 500,
    clockAheadSecondsMax: 15,
    transactionsPerBlockMax: 4_096,
    waitingBlocksMax: 1_024,
    waitingPerPeerMax: 256,
    mempool: {
      transactionsMax: config.mempoolTransactionsMax,
      bytesMax: config.mempoolBytesMax,
      perSenderMax: config.mempoolPerSenderMax,
      nonceGapMax: config.mempoolPerSenderMax,
      queuedMax: Math.ceil(config.mempoolTransactionsMax / 4),
      replacementRaisePercent: 10,
      ageMsMax: 3 * 3_600_000,
    },
  };
}

function connectFeeds(
  { identity, signal, logger, seals }: NodeOptions,
  { engine, offer, state }: { engine: Engine; offer: (input: Input) => void; state: () => State },
): FeedClients {
  const onBlock = (peer: Hex, arrived: ArrivedBlock) => {
    const { block, rlp, seal, originNumber } = arrived;
    const { header, hash } = block;
    const isKnown = state().tree.has(hash) || state().waiting.has(hash);
    if (isKnown || header.number <= state().certified.height) return;
    if (engine.peerBlock(hash) === undefined)
      engine.receive({ block, rlp, seal, originNumber, peer });
    const signer = sealSigner(
      seals,
      { term: header.term, height: header.number, blockHash: hash },
      seal,
    );
    const { parentHash, number: height, term, timestamp } = header;
    const received = { hash, parentHash, height, term, timestamp, originNumber, signer, peer };
    offer({ type: "blockReceived", block: received, atMs: Date.now() });
  };
  return createFeedClients({
    identity,
    signal,
    logger,
    nextHeight: () => state().certified.height + 1n,
    waitingOf: (peer) =>
      [...state().waiting.values()].filter((block) => block.peer === peer).length,
    onBlock,
    onHeartbeat: (peer, heartbeat, signature) => {
      const signer = recoverAddress(heartbeatDigest(seals, heartbeat), signature);
      const { term, headHeight, headHash } = heartbeat;
      offer({
        type: "heartbeatReceived",
        peer,
        signer,
        term,
        headHeight,
        headHash,
        atMs: Date.now(),
      });
    },
    onMalformed: (peer, code) => offer({ type: "peerMalformed", peer, code, atMs: Date.now() }),
  });
}

/** Waiting transactions of before the restart, and certified blocks that were not advanced over. */
async function offerRestored({
  store,
  execution,
  runtime,
  offer,
  initial,
}: {
  store: Store;
  execution: Execution;
  runtime: Runtime<State, Input>;
  offer: (input: Input) => void;
  initial: State;
}): Promise<void> {
  const atMs = Date.now();
  const { state, senders } = execution;
  const pooled = await loadTransactions(store.sql, state.executor, async (raws) =>
    execution.remember(await senders.recoverBlock(raws)),
  );
  // accounts at the certified block: transactions in uncertified blocks must come back with them, if those are abandoned
  const root = await stateRootOf(store, initial.certified.hash);
  const restored = [];
  for (const each of pooled) {
    const account = await state.read((from) => from.account(root, each.transaction.from));
    restored.push({ pooled: each, account });
  }
  if (restored.length > 0) offer({ type: "transactionsRestored", restored, atMs });
  if (initial.uncovered.size > 0) offer({ type: "blocksCertified", from: 0n, hashes: [], atMs });
  await runtime.idle();
}

async function stateRootOf(store: Store, hash: Hex): Promise<Hex> {
  const header = await createBlockReader(store.sql).header(hash);
  assert(header !== undefined, "the certified block is stored", { hash });
  return header.stateRoot;
}

function decisionSink(
  position: ChainPosition,
  events: { emit(event: { type: "levelChanged"; level: "posted" | "final"; upTo: bigint }): void },
  offer: (input: Input) => void,
) {
  return {
    offer,
    nowMs: Date.now,
    onBatch: ({ lastBlock, isFinal }: { lastBlock: bigint; isFinal: boolean }) => {
      const highest = (a: bigint) => (a > lastBlock ? a : lastBlock);
      const { levels } = position;
      const finalized = isFinal ? highest(levels.finalized) : levels.finalized;
      position.levels = { ...levels, safe: highest(levels.safe), finalized };
      events.emit({ type: "levelChanged", level: isFinal ? "final" : "posted", upTo: lastBlock });
    },
  };
}

function report(state: State, clients: FeedClients, metrics: OrdererMetrics): void {
  metrics.pending.set(state.mempool.size);
  metrics.peers.set(clients.connected());
  metrics.isLeading.set(isLeading(state) ? 1 : 0);
  metrics.certifiedHeight.set(Number(state.certified.height));
  metrics.originNumber.set(Number(state.origins.at(-1)?.number ?? 0n));
}
