/** Performs the core's effects. Only storage is waited for; a failure of storage stops the engine. */
import {
  nilBlockId,
  proposalDigest,
  type Hex,
  type SigningDomain,
  signDigest,
  voteDigest,
} from "@sequorum/protocol";
import type { Logger } from "@sequorum/service";
import type { Effect, Message } from "../core/tendermint/effect.ts";
import type { Input } from "../core/tendermint/input.ts";
import type { Chain } from "./chain.ts";
import type { ChainStore } from "./chain-store.ts";
import type { ConsensusChannel } from "./consensus-channel.ts";
import type { EngineMetrics } from "./engine-metrics.ts";
import type { Decided } from "./engine-options.ts";
import type { PeerInbox } from "./peer-inbox.ts";
import { toPeerMessage } from "./peer-message.ts";

/** What effects are performed with. */
export type PerformerOptions<AppState, Decision, LocalView> = {
  readonly chain: Chain<AppState, Decision, LocalView>;
  readonly chainStore: ChainStore;
  readonly domain: SigningDomain;
  readonly privateKey: Uint8Array;
  readonly self: Hex;
  readonly metrics: EngineMetrics;
  readonly logger: Logger;
  readonly offer: (input: Input) => void;
  readonly localView: () => LocalView;
  readonly mempool: () => readonly Hex[];
  readonly channel: () => Pick<ConsensusChannel, "send" | "broadcast" | "connected"> | undefined;
  readonly inbox: Pick<PeerInbox, "holdsBlock" | "onHeightStarted">;
  readonly onCommitted: (decided: Decided<AppState, Decision>) => void;
};

/** Performs effects until it is stopped. */
export type Performer = {
  readonly perform: (effect: Effect) => Promise<void>;
  readonly stop: () => void;
};

/** Creates the performer. */
export function createPerformer<AppState, Decision, LocalView>(
  options: PerformerOptions<AppState, Decision, LocalView>,
): Performer {
  const { chain, chainStore, domain, privateKey, self, metrics, logger, offer } = options;
  const timers = new Set<NodeJS.Timeout>();
  let lastBlockAtMs: number | undefined;

  const schedule = (afterMs: number, input: Input): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      offer(input);
    }, afterMs);
    timers.add(timer);
  };
  const send = (message: Message, to?: Hex): void => {
    const isHeld = message.type === "blockRequest" && options.inbox.holdsBlock(message.height);
    if (isHeld) return;
    const encoded = toPeerMessage(message);
    if (to === undefined) options.channel()?.broadcast(encoded);
    else options.channel()?.send(to, encoded);
  };
  const decide = async ({
    block,
    certificate,
  }: Extract<Effect, { type: "decide" }>): Promise<void> => {
    const startedAtMs = Date.now();
    const { decided, next } = await chain.commit(block, certificate);
    metrics.commit.observe((Date.now() - startedAtMs) / 1_000);
    if (lastBlockAtMs !== undefined)
      metrics.blockInterval.observe((Date.now() - lastBlockAtMs) / 1_000);
    lastBlockAtMs = Date.now();
    metrics.height.set(Number(decided.height));
    metrics.peers.set(options.channel()?.connected().length ?? 0);
    offer({ type: "heightCommitted", next });
    options.inbox.onHeightStarted(next.height);
    options.onCommitted(decided);
  };
  const appendWal = async ({ record }: Extract<Effect, { type: "persist" }>): Promise<void> => {
    const startedAtMs = Date.now();
    await chainStore.appendWal(record);
    metrics.wal.observe((Date.now() - startedAtMs) / 1_000);
  };

  const perform = async (effect: Effect): Promise<void> => {
    switch (effect.type) {
      case "scheduleTimer":
        return schedule(effect.afterMs, { type: "timerFired", timer: effect.timer });
      case "buildBlock": {
        const { height, round } = effect;
        const nowMs = BigInt(Date.now());
        const content = {
          proposer: self,
          nowMs,
          mempool: options.mempool(),
          localView: options.localView(),
        };
        return offer({ type: "blockBuilt", height, round, ...chain.build(content) });
      }
      case "signProposal": {
        const signature = signDigest(privateKey, proposalDigest(domain, effect.proposal));
        const proposal = { ...effect.proposal, proposer: self, signature };
        return offer({ type: "proposalSigned", proposal, atMs: BigInt(Date.now()) });
      }
      case "signVote": {
        const { vote } = effect;
        const choice = vote.blockId === nilBlockId ? "nil" : "block";
        metrics.votes.add({ type: vote.type, choice });
        const signature = signDigest(privateKey, voteDigest(domain, vote));
        return offer({ type: "voteSigned", vote: { ...vote, validator: self, signature } });
      }
      case "judgeBlock": {
        const { height, blockId, block } = effect;
        const verdict = chain.judge(block, options.localView());
        return offer({ type: "blockJudged", height, blockId, verdict });
      }
      case "persist":
        return appendWal(effect);
      case "broadcast":
        return send(effect.message);
      case "send":
        return send(effect.message, effect.to);
      case "decide":
        return decide(effect);
      case "reportDoubleVote": {
        const { validator, height, round, type } = effect.evidence.first;
        metrics.doubleVotes.add();
        logger.warn("validator voted twice", { validator, height, round, type });
        return chainStore.addDoubleVote(effect.evidence);
      }
      case "reject": {
        const { code, by } = effect.rejection;
        metrics.rejected.add({ code });
        return logger.debug("peer message rejected", { code, by });
      }
    }
  };
  return {
    perform,
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
