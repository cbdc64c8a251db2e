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
import type { Input } from "../core/tendermint/input.ts";
import { defaultTendermintParameters } from "../core/tendermint/parameters.ts";
import { restore } from "../core/tendermint/restore.ts";
import type { State, Step } from "../core/tendermint/state.ts";
import { step } from "../core/tendermint/step.ts";
import { powerWhere } from "../core/tendermint/vote-book.ts";
import { hashGenesis, loadChain } from "./chain.ts";
import { createChainStore } from "./chain-store.ts";
import { type ConsensusChannel, openConsensusChannel } from "./consensus-channel.ts";
import { createEngineMetrics } from "./engine-metrics.ts";
import {
  type Decided,
  defaultEngineLimits,
  type Engine,
  type EngineOptions,
} from "./engine-options.ts";
import { createMempool } from "./mempool.ts";
import { createMessageVerifier } from "./message-verifier.ts";
import {
  type OutgoingMessage,
  toTransactionGossip,
  transactionsPerMessageMax,
} from "./peer-message.ts";
import { createPeerInbox } from "./peer-inbox.ts";
import { createPerformer } from "./performer.ts";
import { createWorkWatch } from "./work-watch.ts";

/** An input of the runtime: the core's, or the first one of all. */
export type EngineInput = { readonly type: "started"; readonly first: Step } | EngineCoreInput;

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
  const { app, domain, logger, fail } = options;
  const limits = { ...defaultEngineLimits, ...options.limits };
  const parameters = { ...defaultTendermintParameters, ...options.parameters };
  const metrics = createEngineMetrics(options.metrics);
  const self = publicKeyToAddress(privateKeyToPublicKey(options.privateKey));
  const chainStore = createChainStore(options.store, domain);
  await chainStore.claim(self, hashGenesis(options.genesis, domain));
  const verifier = createMessageVerifier(domain);
  const chain = await loadChain(options, chainStore, verifier.certificateFault);
  const mempool = createMempool(limits);
  let channel: ConsensusChannel | undefined;
  let isStopped = false;
  const listeners = new Set<(decided: Decided<AppState, Decision>) => void>();
  let localView = options.localView;

  const start = chain.start();
  const first = restore(start, await chainStore.readWal(start.height), { self, parameters });
  const offer = (input: Input, onTaken?: () => void): void => {
    const accepted = runtime.offer({
      type: "core",
      input,
      ...(onTaken === undefined ? {} : { onTaken }),
    });
    if (!accepted && !isStopped) fail(new Error("the consensus queue is full"));
  };
  const inbox = createPeerInbox({
    chain,
    chainStore,
    verifier,
    limits,
    signal: options.signal,
    offer,
    onTransactions: (transactions, peer) => {
      for (const transaction of transactions) submit(transaction, peer);
    },
    send: (to, message) => channel?.send(to, message),
  });
  const work = createWorkWatch({
    isWanted: () => mempool.size() > 0 || app.hasWork(chain.appState(), localView),
    deadlineMs: () => app.nextDeadlineMs(chain.appState()),
    height: () => chain.start().height,
    offer,
  });
  const performer = createPerformer({
    chain,
    chainStore,
    domain,
    privateKey: options.privateKey,
    self,
    metrics,
    logger,
    offer,
    localView: () => localView,
    mempool: () => mempool.take(limits.blockBytesMax / 2),
    channel: () => channel,
    inbox,
    onCommitted: (decided) => {
      mempool.recheck((transaction) => app.checkTransaction(decided.state, transaction));
      metrics.mempool.set(mempool.size());
      for (const listener of listeners) listener(decided);
      work.check();
    },
  });
  const runtime: Runtime<State, EngineInput> = runRuntime({
    initial: first.state,
    step: (state: State, input: EngineInput) => applyInput(state, input),
    perform: performer.perform,
    queueMax: answersMax + limits.peerInputsMax * Math.max(1, options.peers.length),
    onFailure: (error) => {
      isStopped = true;
      fail(error);
    },
  });
  runtime.offer({ type: "started", first });
  await runtime.idle();
  const opened = await openConsensusChannel(options, {
    onConnected: () => [inbox.statusMessage(runtime.state()), ...ownGossip()],
    onMessage: inbox.receive,
    onLost: (peer) => offer({ type: "peerLost", peer }),
    onDropped: () => metrics.dropped.add(),
  });
  channel = opened;
  const regossip = setInterval(() => ownGossip().forEach(opened.broadcast), regossipMs);
  work.check();

  function ownGossip(): OutgoingMessage[] {
    const own = mempool.own(gossipBytesMax);
    return own.length === 0 ? [] : [toTransactionGossip(own.slice(0, transactionsPerMessageMax))];
  }

  function submit(transaction: Hex, source: Hex | "local") {
    const check = (candidate: Hex) => app.checkTransaction(chain.appState(), candidate);
    const result = mempool.add(transaction, source, check);
    metrics.mempool.set(mempool.size());
    if (result.type === "ok") work.check();
    return result;
  }

  /** One liar cannot make a validator look behind: more than a third of the power must be ahead. */
  const isSynced = (): boolean => {
    const { height, peers, validators, totalPower } = runtime.state();
    const isAhead = (address: Hex) => (peers.get(address)?.height ?? 0n) > height + 1n;
    return !hasHonestMember(powerWhere(validators, isAhead), totalPower);
  };
  const canDecide = (): boolean => {
    const connected = new Set([self, ...opened.connected()]);
    const { validators, totalPower } = runtime.state();
    const power = powerWhere(validators, (address) => connected.has(address));
    return hasByzantineQuorum(power, totalPower);
  };
  return {
    channelPort: opened.port,
    submitTransaction: (transaction) => {
      const result = submit(transaction, "local");
      const isHeld = result.type === "ok" || result.type === "known";
      if (isHeld) opened.broadcast(toTransactionGossip([transaction]));
      return result;
    },
    onDecided: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    localViewChanged: (view) => {
      localView = view;
      offer({ type: "localViewChanged" });
      work.check();
    },
    appState: chain.appState,
    status: () => {
      const { round, step: at } = runtime.state();
      metrics.round.set(round);
      return {
        height: chain.start().height - 1n,
        blockId: chain.tip().parentId,
        round,
        step: at,
        connectedPeers: opened.connected(),
        isSynced: isSynced(),
        pendingTransactions: mempool.size(),
      };
    },
    ready: () => !isStopped && isSynced() && canDecide(),
    readBlock: (height: PosHeight) => chainStore.readBlock(height),
    readDoubleVotes: chainStore.readDoubleVotes,
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      clearInterval(regossip);
      work.stop();
      performer.stop();
      await opened.close();
      await runtime.stop();
    },
  };
}

function applyInput(state: State, input: EngineInput): Step {
  if (input.type === "started") {
    assert(state === input.first.state, "the first input is the first");
    return input.first;
  }
  input.onTaken?.();
  return step(state, input.input);
}
