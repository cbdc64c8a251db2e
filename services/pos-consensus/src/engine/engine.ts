/** The BFT engine: the Tendermint core with its hands. One queue, one input at a time, effects in order. */
import {
  assert,
  hasByzantineQuorum,
  hasHonestMember,
  type Hex,
  privateKeyToPublicKey,
  publicKeyToAddress,
  type PosHeight,
} from "@sequorum/protocol";
import { type Runtime, runRuntime } from "@sequorum/service";
import type { Effect } from "../core/tendermint/effect.ts";
import type { Input } from "../core/tendermint/input.ts";
import { defaultTendermintParameters } from "../core/tendermint/parameters.ts";
import { restore } from "../core/tendermint/restore.ts";
import type { State, Step } from "../core/tendermint/state.ts";
import { step } from "../core/tendermint/step.ts";
import { powerWhere } from "../core/tendermint/vote-book.ts";
import { type Chain, hashGenesis, loadChain } from "./chain.ts";
import { type ChainStore, createChainStore } from "./chain-store.ts";
import { type ConsensusChannel, openConsensusChannel } from "./consensus-channel.ts";
import { createEngineMetrics, type EngineMetrics } from "./engine-metrics.ts";
import {
  type Decided,
  defaultEngineLimits,
  type Engine,
  type EngineLimits,
  type EngineOptions,
  type EngineStatus,
  type SubmitResult,
} from "./engine-options.ts";
import { createMempool, type Mempool, type TransactionSource } from "./mempool.ts";
import { createMessageVerifier, type MessageVerifier } from "./message-verifier.ts";
import { createPeerInbox, type PeerInbox } from "./peer-inbox.ts";
import {
  type OutgoingMessage,
  toTransactionGossip,
  transactionsPerMessageMax,
} from "./peer-message.ts";
import { createPerformer, type Performer } from "./performer.ts";
import { createWorkWatch, type WorkWatch } from "./work-watch.ts";

/** An input of the runtime: the core's, or the first one of all. */
type EngineInput = { readonly type: "started"; readonly first: Step } | EngineCoreInput;

type EngineCoreInput = {
  readonly type: "core";
  readonly input: Input;
  /** Called when the input has left the queue. */
  readonly onTaken?: () => void;
};

/** Inputs of peers are limited by `peerInputsMax` each; what remains is for answers to effects. */
const answersMax = 4_096;

/** This operator's own pending transactions are gossiped again: to new peers, and periodically. */
const regossipMs = 1_000;
const gossipBytesMax = 512 * 1_024;

/** Restores the engine from its store, connects it and starts it. */
export async function createEngine<AppState, Decision, LocalView>(
  options: EngineOptions<AppState, Decision, LocalView>,
): Promise<Engine<AppState, Decision, LocalView>> {
  const { domain, genesis } = options;
  const self = publicKeyToAddress(privateKeyToPublicKey(options.privateKey));
  const chainStore = createChainStore(options.store, domain);
  await chainStore.claim(self, hashGenesis(genesis, domain));
  const verifier = createMessageVerifier(domain);
  const chain = await loadChain(options, chainStore, verifier.certificateFault);
  const start = chain.start();
  const parameters = { ...defaultTendermintParameters, ...options.parameters };
  const wal = await chainStore.readWal(start.height);
  const first = restore(start, wal, { self, parameters });
  const engine = new BftEngine(options, { self, chainStore, verifier, chain, first });
  try {
    await engine.open();
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  return engine;
}

/** What has been loaded before the engine starts. */
type Loaded<AppState, Decision, LocalView> = {
  readonly self: Hex;
  readonly chainStore: ChainStore;
  readonly verifier: MessageVerifier;
  readonly chain: Chain<AppState, Decision, LocalView>;
  readonly first: Step;
};

class BftEngine<AppState, Decision, LocalView> implements Engine<AppState, Decision, LocalView> {
  readonly #options: EngineOptions<AppState, Decision, LocalView>;
  readonly #loaded: Loaded<AppState, Decision, LocalView>;
  readonly #limits: EngineLimits;
  readonly #metrics: EngineMetrics;
  readonly #mempool: Mempool;
  readonly #inbox: PeerInbox;
  readonly #work: WorkWatch;
  readonly #performer: Performer;
  readonly #runtime: Runtime<State, EngineInput>;
  readonly #listeners = new Set<(decided: Decided<AppState, Decision>) => void>();
  #localView: LocalView;
  #channel: ConsensusChannel | undefined;
  #regossip: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    options: EngineOptions<AppState, Decision, LocalView>,
    loaded: Loaded<AppState, Decision, LocalView>,
  ) {
    this.#options = options;
    this.#loaded = loaded;
    this.#limits = { ...defaultEngineLimits, ...options.limits };
    this.#metrics = createEngineMetrics(options.metrics);
    this.#mempool = createMempool(this.#limits);
    this.#localView = options.localView;
    this.#inbox = this.#createInbox();
    this.#work = this.#createWork();
    this.#performer = this.#createPerformer();
    this.#runtime = runRuntime<State, EngineInput, Effect>({
      initial: loaded.first.state,
      step: applyInput,
      perform: this.#performer.perform,
      queueMax: answersMax + this.#limits.peerInputsMax * Math.max(1, options.peers.length),
      onFailure: (error) => {
        this.#isStopped = true;
        options.fail(error);
      },
    });
  }

  /** Resumes where the WAL ends, then meets the peers. */
  async open(): Promise<void> {
    this.#runtime.offer({ type: "started", first: this.#loaded.first });
    await this.#runtime.idle();
    this.#channel = await openConsensusChannel(this.#options, {
      onConnected: () => [this.#inbox.statusMessage(this.#runtime.state()), ...this.#ownGossip()],
      onMessage: this.#inbox.receive,
      onLost: (peer) => this.#offer({ type: "peerLost", peer }),
      onDropped: () => this.#metrics.dropped.add(),
    });
    this.#regossip = setInterval(() => this.#broadcast(this.#ownGossip()), regossipMs);
    this.#work.check();
  }

  get channelPort(): number {
    return this.#channel?.port ?? 0;
  }

  // Properties, not methods: callers pass these functions on by themselves.
  readonly submitTransaction = (transaction: Hex): SubmitResult => {
    const result = this.#submit(transaction, "local");
    const isHeld = result.type === "ok" || result.type === "known";
    if (isHeld) this.#broadcast([toTransactionGossip([transaction])]);
    return result;
  };

  readonly onDecided = (listener: (decided: Decided<AppState, Decision>) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly localViewChanged = (view: LocalView): void => {
    this.#localView = view;
    this.#offer({ type: "localViewChanged" });
    this.#work.check();
  };

  readonly appState = (): AppState => this.#loaded.chain.appState();

  readonly status = (): EngineStatus => {
    const { round, step: at } = this.#runtime.state();
    const { height, parentId } = this.#loaded.chain.tip();
    this.#metrics.round.set(round);
    return {
      height: height - 1n,
      blockId: parentId,
      round,
      step: at,
      connectedPeers: this.#channel?.connected() ?? [],
      isSynced: this.#isSynced(),
      pendingTransactions: this.#mempool.size(),
    };
  };

  readonly ready = (): boolean => !this.#isStopped && this.#isSynced() && this.#canDecide();

  readonly readBlock = (height: PosHeight) => this.#loaded.chainStore.readBlock(height);

  readonly readDoubleVotes = () => this.#loaded.chainStore.readDoubleVotes();

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#regossip);
    this.#work.stop();
    await this.#channel?.close();
    await this.#runtime.stop();
    this.#performer.stop();
  }

  #createInbox(): PeerInbox {
    const { chain, chainStore, verifier } = this.#loaded;
    return createPeerInbox({
      chain,
      chainStore,
      verifier,
      limits: this.#limits,
      signal: this.#options.signal,
      offer: (input, onTaken) => this.#offer(input, onTaken),
      onTransactions: (transactions, peer) => {
        for (const transaction of transactions) this.#submit(transaction, peer);
      },
      send: (to, message) => this.#channel?.send(to, message),
    });
  }

  #createWork(): WorkWatch {
    const { app } = this.#options;
    const { chain } = this.#loaded;
    return createWorkWatch({
      isWanted: () => this.#mempool.size() > 0 || app.hasWork(chain.appState(), this.#localView),
      deadlineMs: () => app.nextDeadlineMs(chain.appState()),
      height: () => chain.start().height,
      offer: (input) => this.#offer(input),
    });
  }

  #createPerformer(): Performer {
    const { domain, privateKey, logger } = this.#options;
    const { chain, chainStore, self } = this.#loaded;
    return createPerformer({
      chain,
      chainStore,
      domain,
      privateKey,
      self,
      metrics: this.#metrics,
      logger,
      offer: (input) => this.#offer(input),
      localView: () => this.#localView,
      mempool: () => this.#mempool.take(this.#limits.blockBytesMax / 2),
      channel: () => this.#channel,
      inbox: this.#inbox,
      onCommitted: (decided) => this.#onCommitted(decided),
    });
  }

  #onCommitted(decided: Decided<AppState, Decision>): void {
    const { app } = this.#options;
    this.#mempool.recheck((transaction) => app.checkTransaction(decided.state, transaction));
    this.#metrics.mempool.set(this.#mempool.size());
    for (const listener of this.#listeners) listener(decided);
    this.#work.check();
  }

  #submit(transaction: Hex, source: TransactionSource): SubmitResult {
    const { app } = this.#options;
    const result = this.#mempool.add(transaction, source, (candidate) =>
      app.checkTransaction(this.appState(), candidate),
    );
    this.#metrics.mempool.set(this.#mempool.size());
    if (result.type === "ok") this.#work.check();
    return result;
  }

  #offer(input: Input, onTaken?: () => void): void {
    const taken = onTaken === undefined ? {} : { onTaken };
    const isAccepted = this.#runtime.offer({ type: "core", input, ...taken });
    if (!isAccepted && !this.#isStopped) {
      this.#options.fail(new Error("the consensus queue is full"));
    }
  }

  #ownGossip(): OutgoingMessage[] {
    const own = this.#mempool.own(gossipBytesMax);
    return own.length === 0 ? [] : [toTransactionGossip(own.slice(0, transactionsPerMessageMax))];
  }

  #broadcast(messages: readonly OutgoingMessage[]): void {
    for (const message of messages) this.#channel?.broadcast(message);
  }

  /** One liar cannot make a validator look behind: more than a third of the power must be ahead. */
  #isSynced(): boolean {
    const { height, peers, validators, totalPower } = this.#runtime.state();
    const isAhead = (address: Hex) => (peers.get(address)?.height ?? 0n) > height + 1n;
    return !hasHonestMember(powerWhere(validators, isAhead), totalPower);
  }

  #canDecide(): boolean {
    const connected = new Set([this.#loaded.self, ...(this.#channel?.connected() ?? [])]);
    const { validators, totalPower } = this.#runtime.state();
    const power = powerWhere(validators, (address) => connected.has(address));
    return hasByzantineQuorum(power, totalPower);
  }
}

function applyInput(state: State, input: EngineInput): Step {
  if (input.type === "started") {
    assert(state === input.first.state, "the first input is the first");
    return input.first;
  }
  input.onTaken?.();
  return step(state, input.input);
}
