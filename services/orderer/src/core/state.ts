/** State of the orderer's core. `mempool` alone is mutable (see mempool.ts); everything else is replaced. */
import type { Hex } from "@sequorum/protocol";
import type { AccountSummary, Transaction } from "@sequorum/stf";
import { Mempool, type MempoolLimits } from "./mempool.ts";

/** Parameters of the core; the network's come from its description, the others are this node's. */
export type Parameters = {
  /** Own sequencer address. */
  readonly self: Hex;
  readonly blockIntervalMs: number;
  readonly leaderTimeoutMs: number;
  /** Time for which work may wait without a block before a living leader counts as stalled. */
  readonly stallTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** After this time a transaction is forwarded again. */
  readonly forwardIntervalMs: number;
  /** After this time a missing block is asked for again. */
  readonly fetchIntervalMs: number;
  /** Blocks that a leader may be ahead of certification. */
  readonly uncertifiedBlocksMax: number;
  /** Time for which an L1 block has been confirmed here before a leader takes it as origin: so followers have it too. */
  readonly originSettleMs: number;
  /** L1 blocks that must have been confirmed after it, too: a reorganisation that goes somewhat below the depth does no harm. */
  readonly originSettleBlocks: number;
  readonly originDriftSecondsMax: number;
  /** How far a leader's timestamp may be ahead of the own clock. */
  readonly clockAheadSecondsMax: number;
  /** Transactions offered to one block. */
  readonly transactionsPerBlockMax: number;
  /** Blocks that wait for their parent, term or origin, in all and per peer. */
  readonly waitingBlocksMax: number;
  readonly waitingPerPeerMax: number;
  readonly mempool: MempoolLimits;
};

/** A leadership term as decided. */
export type TermInfo = {
  readonly term: bigint;
  readonly leader: Hex;
  readonly firstBlock: bigint;
  readonly lastBlock: bigint;
};

/** What the core needs of a valid block. */
export type BlockSummary = {
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly height: bigint;
  readonly term: bigint;
  readonly timestamp: bigint;
  readonly originNumber: bigint;
  readonly queuePosition: bigint;
  readonly gasLimit: bigint;
  /** Base fee of the block after this one. */
  readonly nextBaseFeePerGas: bigint;
  /** All transactions of an uncertified block, forced ones too; empty for a certified one. */
  readonly transactions: readonly Transaction[];
  readonly forcedCount: number;
  /** Accounts of the block's senders after it. */
  readonly senders: ReadonlyMap<Hex, AccountSummary>;
};

/** A confirmed L1 block. */
export type Origin = {
  readonly number: bigint;
  readonly hash: Hex;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  /** Queue entries at or below it. */
  readonly queueLength: bigint;
  readonly seenAtMs: number;
};

/** A block of a peer whose seal has been recovered but which has not been executed. */
export type ReceivedBlock = {
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly height: bigint;
  readonly term: bigint;
  readonly originNumber: bigint;
  readonly timestamp: bigint;
  /** Who sealed it; undefined when the signature is none. */
  readonly signer: Hex | undefined;
  /** From whom we have it. */
  readonly peer: Hex;
};

/** A running build. */
export type Build = { readonly term: bigint; readonly parent: Hex; readonly height: bigint };

export type State = {
  readonly parameters: Parameters;
  readonly mempool: Mempool;
  /** Sequence that the next transaction gets. */
  readonly nextSequence: bigint;
  /** Newest terms, at most `termsMax`. */
  readonly terms: ReadonlyMap<bigint, TermInfo>;
  readonly term: TermInfo | undefined;
  /** Newest certified block that is held. */
  readonly certified: BlockSummary;
  /** Certified hashes by height that are not held yet. */
  readonly uncovered: ReadonlyMap<bigint, Hex>;
  /** Valid blocks: the certified one and all above it, every branch. */
  readonly tree: ReadonlyMap<Hex, BlockSummary>;
  /** Tip of the canonical chain; in `tree`. */
  readonly head: Hex;
  readonly headChangedAtMs: number;
  /** Received blocks that wait to be executed, by hash, in order of arrival. */
  readonly waiting: ReadonlyMap<Hex, ReceivedBlock>;
  /** Hashes of blocks known to be invalid, newest last, bounded. */
  readonly invalid: ReadonlySet<Hex>;
  /** The block under execution. */
  readonly executing: Hex | undefined;
  readonly build: Build | undefined;
  readonly builtAtMs: number;
  /** A finished build found nothing to include; wait until something changes. */
  readonly idle: boolean;
  /** Last own seal: never a second block for a term and height (offence a). */
  readonly lastSeal: { readonly term: bigint; readonly height: bigint };
  /** Confirmed origins, oldest first, bounded. */
  readonly origins: readonly Origin[];
  readonly leaderHeardAtMs: number;
  readonly tickedAtMs: number;
  readonly heartbeatAtMs: number;
  readonly heartbeatSequence: bigint;
  /** When work began to wait; undefined when none waits. */
  readonly workSinceMs: number | undefined;
  readonly silenceReported: { readonly term: bigint; readonly atMs: number } | undefined;
  /** When each missing block was last asked for. */
  readonly fetchedAtMs: ReadonlyMap<Hex, number>;
  /** Not before this time is a block executed again that could not be judged. */
  readonly executeNotBeforeMs: number;
  /** Hash of the first block seen for a term and height, to notice a second. */
  readonly firstSealed: ReadonlyMap<string, Hex>;
  /** Newest head that the leader named in a heartbeat. */
  readonly leaderHead: { readonly hash: Hex; readonly height: bigint } | undefined;
};

/** Time after a start for which silence says nothing: the own connections are still being made. */
const startGraceMs = 5_000;

/** Terms, invalid hashes and origins that are remembered. */
export const termsMax = 1_024;
export const invalidMax = 1_024;
export const originsMax = 1_024;

/** What a restart loads. */
export type Restored = {
  readonly certified: BlockSummary;
  /** Canonical uncertified blocks above it, ascending. */
  readonly uncertified: readonly BlockSummary[];
  readonly terms: readonly TermInfo[];
  readonly uncovered: ReadonlyMap<bigint, Hex>;
  readonly lastSeal: { readonly term: bigint; readonly height: bigint };
  readonly origins: readonly Origin[];
  readonly nextSequence: bigint;
  readonly atMs: number;
};

/** The state after a start; the mempool is empty, its transactions come back by `transactionsRestored`. */
export function initialState(parameters: Parameters, restored: Restored): State {
  const chain = [restored.certified, ...restored.uncertified];
  const head = chain.at(-1) ?? restored.certified;
  return {
    parameters,
    mempool: new Mempool(parameters.mempool),
    nextSequence: restored.nextSequence,
    terms: new Map(restored.terms.map((term) => [term.term, term])),
    term: restored.terms.at(-1),
    certified: restored.certified,
    uncovered: restored.uncovered,
    tree: new Map(chain.map((block) => [block.hash, block])),
    head: head.hash,
    headChangedAtMs: restored.atMs,
    waiting: new Map(),
    invalid: new Set(),
    executing: undefined,
    build: undefined,
    builtAtMs: 0,
    idle: false,
    lastSeal: restored.lastSeal,
    origins: restored.origins,
    leaderHeardAtMs: restored.atMs + startGraceMs,
    tickedAtMs: restored.atMs,
    heartbeatAtMs: 0,
    heartbeatSequence: 0n,
    workSinceMs: undefined,
    silenceReported: undefined,
    fetchedAtMs: new Map(),
    executeNotBeforeMs: 0,
    firstSealed: new Map(),
    leaderHead: undefined,
  };
}
