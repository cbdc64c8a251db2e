/** A core under test: builds and executions are made up, everything else is the real step. */
import { type Hex, keccak256 } from "@sequorum/protocol";
import type { AccountSummary, Transaction } from "@sequorum/stf";
import type { Effect } from "../../src/core/effect.ts";
import type { Input } from "../../src/core/input.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import {
  type BlockSummary,
  initialState,
  type Origin,
  type Parameters,
  type ReceivedBlock,
  type State,
  type TermInfo,
} from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";

export const address = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;
export const alice = address(1);
export const bob = address(2);
export const startMs = 1_000_000;

export const parameters: Parameters = {
  self: alice,
  blockIntervalMs: 1_000,
  leaderTimeoutMs: 1_000,
  stallTimeoutMs: 5_000,
  heartbeatIntervalMs: 250,
  forwardIntervalMs: 2_000,
  fetchIntervalMs: 500,
  uncertifiedBlocksMax: 3,
  originSettleMs: 0,
  originSettleBlocks: 0,
  originDriftSecondsMax: 600,
  clockAheadSecondsMax: 15,
  transactionsPerBlockMax: 100,
  waitingBlocksMax: 32,
  waitingPerPeerMax: 8,
  mempool: {
    transactionsMax: 20,
    bytesMax: 100_000,
    perSenderMax: 6,
    nonceGapMax: 8,
    queuedMax: 5,
    replacementRaisePercent: 10,
    ageMsMax: 60_000,
  },
};

export const rich: AccountSummary = { nonce: 0n, balanceWei: 10n ** 20n };

/** A transaction as the executor would decode it. */
export function transaction(
  fields: Partial<Transaction> & { from: Hex; nonce: bigint },
): Transaction {
  const id = `${fields.from}/${fields.nonce}/${fields.maxFeePerGas ?? 100n}/${fields.valueWei ?? 0n}`;
  const hash = keccak256(new TextEncoder().encode(id));
  return {
    raw: new TextEncoder().encode(id),
    hash,
    type: 2,
    chainId: 1n,
    gasLimit: 21_000n,
    gasPrice: null,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: fields.maxFeePerGas ?? 1n,
    to: bob,
    valueWei: 0n,
    data: new Uint8Array(0),
    accessList: [],
    v: 0n,
    r: 1n,
    s: 1n,
    ...fields,
  };
}

/** A block that execution would have found valid. */
export function child(
  parent: BlockSummary,
  fields: Partial<BlockSummary> & { term: bigint },
): BlockSummary {
  const transactions = fields.transactions ?? [];
  const id = `${parent.hash}/${fields.term}/${fields.timestamp ?? 0n}/${transactions.map(({ hash }) => hash).join()}`;
  const senders = new Map<Hex, AccountSummary>();
  for (const { from, nonce } of transactions) senders.set(from, { ...rich, nonce: nonce + 1n });
  return {
    hash: keccak256(new TextEncoder().encode(id)),
    parentHash: parent.hash,
    height: parent.height + 1n,
    timestamp: parent.timestamp + 1n,
    originNumber: parent.originNumber,
    queuePosition: parent.queuePosition,
    gasLimit: parent.gasLimit,
    nextBaseFeePerGas: parent.nextBaseFeePerGas,
    forcedCount: 0,
    transactions,
    senders,
    ...fields,
  };
}

export const genesis: BlockSummary = {
  hash: `0x${"00".repeat(32)}`,
  parentHash: `0x${"ff".repeat(32)}`,
  height: 0n,
  term: 0n,
  timestamp: 900n,
  originNumber: 0n,
  queuePosition: 0n,
  gasLimit: 30_000_000n,
  nextBaseFeePerGas: 10n,
  transactions: [],
  forcedCount: 0,
  senders: new Map(),
};

export const origin = (fields: Partial<Origin> = {}): Origin => ({
  number: 1n,
  hash: `0x${"a1".repeat(32)}`,
  timestamp: 950n,
  queueLength: 0n,
  seenAtMs: 0,
  ...fields,
});

export const term = (number: bigint, leader: Hex, firstBlock = 1n): TermInfo => ({
  term: number,
  leader,
  firstBlock,
  lastBlock: firstBlock + 29n,
});

/** A running core: `send` steps it, keeps the effects and checks every invariant. */
export class CoreRunner {
  state: State;
  effects: readonly Effect[] = [];
  atMs = startMs;
  readonly #seen = new Map<Hex, BlockSummary>();
  constructor(overrides: Partial<Parameters> = {}, options: { origins?: readonly Origin[] } = {}) {
    this.state = initialState(
      { ...parameters, ...overrides },
      {
        certified: genesis,
        uncertified: [],
        terms: [],
        uncovered: new Map(),
        lastSeal: { term: 0n, height: 0n },
        origins: options.origins ?? [origin()],
        nextSequence: 0n,
        atMs: startMs,
      },
    );
  }

  send(
    input: Input extends infer I ? (I extends Input ? Omit<I, "atMs"> : never) : never,
  ): readonly Effect[] {
    const { state, effects } = step(this.state, { ...input, atMs: this.atMs } as Input);
    this.state = state;
    this.effects = effects;
    for (const block of state.tree.values()) this.#seen.set(block.hash, block);
    checkInvariants(state);
    return effects;
  }

  after(ms: number): this {
    this.atMs += ms;
    return this;
  }

  tick(ms = 0): readonly Effect[] {
    // ticks come often; a single long step would look like a pause of the process
    const effects: Effect[] = [];
    for (; ms > 100; ms -= 100) effects.push(...this.after(100).send({ type: "tick" }));
    return [...effects, ...this.after(ms).send({ type: "tick" })];
  }

  submit(...transactions: readonly Transaction[]): readonly Effect[] {
    return this.submitAs(() => rich, transactions);
  }

  /** Submits with the accounts that the shell would have read. */
  submitAs(
    accountOf: (sender: Hex) => AccountSummary,
    transactions: readonly Transaction[],
  ): readonly Effect[] {
    return this.send({
      type: "transactionsReceived",
      submitted: transactions.map((item, request) => ({
        request,
        transaction: item,
        account: accountOf(item.from),
      })),
    });
  }

  /** Receives a block and answers its execution. */
  receive(block: BlockSummary, signer: Hex, peer = signer): readonly Effect[] {
    const received = this.send({ type: "blockReceived", block: asReceived(block, signer, peer) });
    if (!received.some((effect) => effect.type === "execute" && effect.hash === block.hash))
      return received;
    return this.send({
      type: "blockExecuted",
      hash: block.hash,
      result: { type: "valid", summary: block },
    });
  }

  /** Answers the running build with a block of the offered transactions. */
  finishBuild(effects: readonly Effect[] = this.effects): readonly Effect[] {
    const build = effects.find((effect) => effect.type === "build");
    if (build === undefined) throw new Error("no build was started");
    const parent = this.#seen.get(build.parent);
    if (parent === undefined) throw new Error("the parent was in the tree");
    const summary = child(parent, {
      term: build.term,
      timestamp: build.timestamp,
      transactions: build.transactions,
      originNumber: build.origin.number,
    });
    return this.send({ type: "blockBuilt", summary, leftOut: [] });
  }

  get head(): BlockSummary {
    const head = this.state.tree.get(this.state.head);
    if (head === undefined) throw new Error("the head is in the tree");
    return head;
  }
}

export function asReceived(block: BlockSummary, signer: Hex | undefined, peer: Hex): ReceivedBlock {
  const { hash, parentHash, height, term: number, originNumber, timestamp } = block;
  return { hash, parentHash, height, term: number, originNumber, timestamp, signer, peer };
}

export const types = (effects: readonly Effect[]): string[] => effects.map(({ type }) => type);

export const carol = address(3);
export const dave = address(4);
/** A transfer of one of the two users. */
export const tx = (nonce: bigint, from = carol) => transaction({ from, nonce });

/** A node that leads term 1. */
export function leading(): CoreRunner {
  const core = new CoreRunner();
  core.send({ type: "termStarted", term: term(1n, alice) });
  return core;
}

/** A node that follows term 1. */
export function following(): CoreRunner {
  const core = new CoreRunner();
  core.send({ type: "termStarted", term: term(1n, bob) });
  return core;
}

/** The first effect of a type. */
export function find<T extends Effect["type"]>(effects: readonly Effect[], type: T) {
  return effects.find((effect): effect is Extract<Effect, { type: T }> => effect.type === type);
}
