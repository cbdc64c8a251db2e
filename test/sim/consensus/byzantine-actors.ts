/** Byzantine validators: each runs the honest core for orientation and lies on its way out. */
import { type Hex, nilBlockId, type PosBlock, type VoteType } from "@sequorum/protocol";
import type { Prng } from "@sequorum/testkit";
import type { Message } from "../../../services/pos-consensus/src/core/tendermint/effect.ts";
import { badTransaction, l2Hash } from "./sim-app.ts";
import { blockIdOf, garbageSignature, type SimKey, signProposal, signVote } from "./sim-crypto.ts";
import type { SimMessage, SimNode } from "./sim-node.ts";

/** What an actor may use. */
export type ActorContext = {
  readonly key: SimKey;
  readonly peers: readonly Hex[];
  readonly prng: Prng;
  readonly transmit: (to: Hex, message: SimMessage) => void;
};

/** An actor decides what becomes of each message of its core, and may speak unasked. */
export type ByzantineActor = {
  readonly onMessage: (node: SimNode, message: Message, to: Hex | undefined) => void;
  readonly onTick: (node: SimNode) => void;
};

export type ActorName = keyof typeof byzantineActors;

/** All actors by name. */
export const byzantineActors = {
  equivocator,
  withholder,
  wrongProposer,
  garbler,
  replayer,
  mangler,
  amnesiac,
} as const satisfies Record<string, (context: ActorContext) => ByzantineActor>;

/** Votes for different things to different peers, and proposes two blocks. */
function equivocator(context: ActorContext): ByzantineActor {
  const { key, peers, prng, transmit } = context;
  return {
    onTick: () => undefined,
    onMessage: (node, message, to) => {
      const targets = to === undefined ? peers : [to];
      if (message.type === "vote" && message.vote.validator === key.address) {
        const others = [nilBlockId, ...node.state().blocks.keys(), l2Hash(99n)];
        for (const peer of targets) {
          const blockId = prng.chance(0.5) ? message.vote.blockId : prng.pick(others);
          transmit(peer, { type: "vote", vote: signVote(key, { ...message.vote, blockId }) });
          if (prng.chance(0.2)) transmit(peer, message);
        }
        return;
      }
      if (message.type === "proposal" && message.proposal.proposer === key.address) {
        const second = node.buildBlock({}, [`0xee${node.key.address.slice(2)}`]);
        const other = propose(key, message, second);
        for (const peer of targets) transmit(peer, prng.chance(0.5) ? message : other);
        return;
      }
      relay(context, message, to);
    },
  };
}

/** Says nothing to most peers most of the time; what it says may come much too late. */
function withholder(context: ActorContext): ByzantineActor {
  const { peers, prng } = context;
  const favourites = prng.shuffle(peers).slice(0, prng.integer(0, peers.length - 1));
  return {
    onTick: () => undefined,
    onMessage: (_node, message, to) => {
      for (const peer of to === undefined ? peers : [to]) {
        if (favourites.includes(peer) && prng.chance(0.7)) context.transmit(peer, message);
      }
    },
  };
}

/** Proposes blocks that are wrong in one of many ways, and votes for its own. */
function wrongProposer(context: ActorContext): ByzantineActor {
  const { key, peers, prng, transmit } = context;
  const wrongBlock = (node: SimNode, block: PosBlock): PosBlock => {
    const { header } = block;
    const wrong: readonly (() => PosBlock)[] = [
      () => node.buildBlock({}, [badTransaction]),
      () => node.buildBlock({ parentId: l2Hash(7n) }),
      () => node.buildBlock({ height: header.height + 1n }),
      () => node.buildBlock({ timestampMs: header.timestampMs + 60_000n }),
      () => node.buildBlock({ timestampMs: 1n }),
      () => node.buildBlock({ appHash: l2Hash(8n) }),
      () => node.buildBlock({ validatorsHash: l2Hash(9n) }),
      () => node.buildBlock({ proposer: prng.pick(peers) }),
      () => node.buildBlock({ version: 2 }),
      () => ({ ...block, transactions: [...block.transactions, "0x1234"] }),
      () => ({ ...block, lastCommit: undefined }),
      () => ({ ...block, certified: { from: block.certified.from, hashes: [l2Hash(1_000n)] } }),
    ];
    return prng.pick(wrong)();
  };
  return {
    onTick: () => undefined,
    onMessage: (node, message, to) => {
      if (message.type !== "proposal" || message.proposal.proposer !== key.address) {
        relay(context, message, to);
        return;
      }
      const wrong = propose(key, message, wrongBlock(node, message.block));
      const { height, round, blockId } = wrong.proposal;
      for (const peer of peers) {
        transmit(peer, prng.chance(0.1) ? { ...message, block: wrong.block } : wrong);
        for (const type of ["prevote", "precommit"] as const) {
          transmit(peer, { type: "vote", vote: signVote(key, { type, height, round, blockId }) });
        }
      }
    },
  };
}

/** Floods: bad signatures, far rounds and heights, unknown blocks, proposals out of turn, false status. */
function garbler(context: ActorContext): ByzantineActor {
  const { key, peers, prng, transmit } = context;
  const randomVote = (node: SimNode, type: VoteType) => ({
    type,
    height: node.state().height + BigInt(prng.integer(-1, 2) < 0 ? 0 : prng.integer(0, 2)),
    round: prng.pick([0, 1, prng.integer(0, 30), 2 ** 31 - 1]),
    blockId: prng.pick([
      nilBlockId,
      l2Hash(BigInt(prng.integer(0, 50))),
      ...node.state().blocks.keys(),
    ]),
  });
  return {
    onMessage: (_node, message, to) => relay(context, message, to),
    onTick: (node) => {
      const to = prng.pick(peers);
      const vote = signVote(key, randomVote(node, prng.pick(["prevote", "precommit"] as const)));
      transmit(to, { type: "vote", vote });
      transmit(to, { type: "vote", vote: { ...vote, validator: prng.pick(peers) } });
      transmit(to, { type: "vote", vote: { ...vote, signature: garbageSignature(vote.round) } });
      const block = node.buildBlock({}, [`0xcc${key.address.slice(2)}`]);
      const blockId = blockIdOf(block);
      const round = prng.integer(0, 40);
      const proposal = { height: block.header.height, round, blockId };
      const validRound = prng.integer(-1, round);
      transmit(to, {
        type: "proposal",
        proposal: signProposal(key, { ...proposal, validRound }),
        block,
      });
      const height = node.state().height + BigInt(prng.integer(0, 1_000));
      transmit(to, {
        type: "status",
        status: { height, round: prng.integer(0, 99), step: "prevote" },
      });
      transmit(to, { type: "blockRequest", height });
    },
  };
}

/** Repeats old messages of anybody to anybody, in any order. */
function replayer(context: ActorContext): ByzantineActor {
  const { peers, prng, transmit } = context;
  const recorded: Message[] = [];
  return {
    onMessage: (_node, message, to) => {
      recorded.push(message);
      relay(context, message, to);
    },
    onTick: (node) => {
      for (const { proposal } of node.state().proposals.values()) {
        const block = node.state().blocks.get(proposal.blockId)?.block;
        if (block !== undefined) recorded.push({ type: "proposal", proposal, block });
      }
      for (let i = 0; i < 4 && recorded.length > 0; i++)
        transmit(prng.pick(peers), prng.pick(recorded));
    },
  };
}

/** Relays proposals of others with another body under the same header and signature. */
function mangler(context: ActorContext): ByzantineActor {
  const { peers, transmit } = context;
  return {
    onMessage: (_node, message, to) => relay(context, message, to),
    onTick: (node) => {
      for (const { proposal } of node.state().proposals.values()) {
        const block = node.state().blocks.get(proposal.blockId)?.block;
        if (block === undefined) continue;
        const mangled = { ...block, transactions: [...block.transactions, badTransaction] };
        for (const peer of peers) transmit(peer, { type: "proposal", proposal, block: mangled });
      }
      const decided = node.disk.chain.at(-1);
      if (decided === undefined) return;
      const block = { ...decided.block, transactions: [badTransaction] };
      for (const peer of peers) {
        transmit(peer, { type: "decidedBlock", block, certificate: decided.certificate });
      }
    },
  };
}

/** Forgets its lock: votes for every proposal, in both types, at once. */
function amnesiac(context: ActorContext): ByzantineActor {
  const { key, peers, transmit } = context;
  return {
    onMessage: (_node, message, to) => {
      if (message.type !== "vote") relay(context, message, to);
    },
    onTick: (node) => {
      for (const { proposal } of node.state().proposals.values()) {
        const { height, round, blockId } = proposal;
        for (const type of ["prevote", "precommit"] as const) {
          const vote = signVote(key, { type, height, round, blockId });
          for (const peer of peers) transmit(peer, { type: "vote", vote });
        }
      }
    },
  };
}

function relay({ peers, transmit }: ActorContext, message: Message, to: Hex | undefined): void {
  for (const peer of to === undefined ? peers : [to]) transmit(peer, message);
}

function propose(
  key: SimKey,
  { proposal }: Extract<Message, { type: "proposal" }>,
  block: PosBlock,
): Extract<Message, { type: "proposal" }> {
  const { height, round, validRound } = proposal;
  const blockId = blockIdOf(block);
  return {
    type: "proposal",
    proposal: signProposal(key, { height, round, validRound, blockId }),
    block,
  };
}
