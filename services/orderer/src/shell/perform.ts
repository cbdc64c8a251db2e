/** Carries out the core's effects. Stores are awaited and tried again while Postgres is away; everything else returns at once. */
import type { Bus } from "@sequorum/bus";
import { SilenceReason } from "@sequorum/proto/events";
import {
  AssertionFailure,
  type Hex,
  hexToBytes,
  signDigest,
  unreachable,
} from "@sequorum/protocol";
import { describeError, type Logger, retry } from "@sequorum/service";
import type { StateAccess } from "@sequorum/execution";
import type { Store, Transaction } from "@sequorum/store";
import type { BlockReader } from "../adapters/block-reader.ts";
import { bytea } from "../adapters/block-rows.ts";
import {
  deleteTransactions,
  insertBlock,
  insertSeal,
  writeChange,
} from "../adapters/block-writer.ts";
import type { FeedClients } from "../adapters/feed-client.ts";
import type { FeedHub } from "../adapters/feed-hub.ts";
import { feedBlockOf } from "../adapters/feed-wire.ts";
import { insertTransactions, writeCertifiedHeight } from "../adapters/progress-store.ts";
import type { ChainChange, Effect } from "../core/effect.ts";
import type { Input } from "../core/input.ts";
import type { OrdererMetrics } from "../metrics.ts";
import { heartbeatDigest, type SealContext, signSeal } from "../seals.ts";
import { type ChainEventHub, type ChainPosition, createFinder } from "./chain-view.ts";
import type { Engine } from "./engine.ts";
import type { Intake } from "./intake.ts";

/** What effects are carried out with. */
export type PerformDeps = {
  readonly store: Store;
  readonly bus: Pick<Bus, "publish">;
  readonly reader: BlockReader;
  readonly state: StateAccess;
  readonly engine: Engine;
  readonly intake: () => Intake;
  readonly hub: FeedHub;
  readonly clients: () => FeedClients;
  readonly events: ChainEventHub;
  readonly position: ChainPosition;
  readonly seals: SealContext;
  readonly privateKey: Uint8Array;
  readonly offer: (input: Input) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: OrdererMetrics;
  /** Stops the process. */
  readonly fail: (error: unknown) => void;
};

/** Pauses between attempts at a store; with the attempts about 20 s, then the process stops and restarts from its store. */
const storeRetry = { baseMs: 50, capMs: 2_000, attemptsMax: 15 } as const;

/** Performs one effect. */
export async function perform(effect: Effect, deps: PerformDeps): Promise<void> {
  switch (effect.type) {
    case "storeTransactions":
      return store(deps, async (tx) => {
        await deleteTransactions(tx, effect.replaced);
        await insertTransactions(tx, effect.added);
      });
    case "dropTransactions":
      return store(deps, (tx) => deleteTransactions(tx, effect.hashes));
    case "storeSealed":
      return storeSealed(effect, deps);
    case "storeBlock":
      return storeBlock(effect, deps);
    case "storeChain":
      return store(deps, (tx) => writeChange(tx, deps.bus, effect.change));
    case "storeCertified":
      return storeCertified(effect, deps);
    case "answer":
      return deps.intake().answer(effect);
    case "discardBlock":
      return deps.engine.release(effect.hash, false);
    case "headChanged":
      return tellHead(effect.change, deps);
    case "transactionsPending":
      for (const hash of effect.hashes) deps.events.emit({ type: "pendingTransaction", hash });
      return;
    default:
      return performOutward(effect, deps);
  }
}

type Outward = Exclude<
  Effect,
  {
    type:
      | `store${string}`
      | "dropTransactions"
      | "answer"
      | "discardBlock"
      | "headChanged"
      | "transactionsPending";
  }
>;

/** Effects that start work or send something. */
async function performOutward(effect: Outward, deps: PerformDeps): Promise<void> {
  switch (effect.type) {
    case "build":
      return background(deps, () => build(effect, deps));
    case "execute":
      return background(deps, () => execute(effect, deps));
    case "readAccounts":
      return background(deps, () => readAccounts(effect, deps));
    case "broadcast":
      return broadcast(effect.hash, deps);
    case "sendHeartbeat": {
      const { type: _, ...heartbeat } = effect;
      const signature = signDigest(deps.privateKey, heartbeatDigest(deps.seals, heartbeat));
      return deps.hub.publish({ type: "heartbeat", heartbeat, signature }, undefined);
    }
    case "forward":
      return deps.clients().forward(effect.to, effect.transactions);
    case "fetchBlocks":
      return deps.clients().fetch(effect.hashes, effect.peer);
    case "publishLeaderSilent":
      return publishSilence(effect, deps);
    case "rejectPeer":
      return rejectPeer(effect, deps);
    default:
      return unreachable(effect);
  }
}

async function store(deps: PerformDeps, work: (tx: Transaction) => Promise<void>): Promise<void> {
  const startedAtMs = performance.now();
  await retry(() => deps.store.transaction(work), {
    ...storeRetry,
    signal: deps.signal,
    onFailure: (error) =>
      deps.logger.warn("store is away, trying again", { reason: describeError(error) }),
  });
  deps.metrics.commitSeconds.observe((performance.now() - startedAtMs) / 1_000);
}

/** Seal, block, state and chain change are one commit: nobody hears of a seal that could be forgotten. */
async function storeSealed(
  { summary, change }: Extract<Effect, { type: "storeSealed" }>,
  deps: PerformDeps,
): Promise<void> {
  const { term, height, hash } = summary;
  const signature = signSeal(deps.seals, { term, height, blockHash: hash }, deps.privateKey);
  const block = deps.engine.toWrite(hash, signature);
  await store(deps, async (tx) => {
    await insertSeal(tx, { summary, signature });
    await insertBlock(tx, block);
    await writeChange(tx, deps.bus, change);
  });
  deps.engine.release(hash, true);
  deps.metrics.blocks.add({ from: "self" });
  deps.logger.info("block sealed", {
    height,
    hash,
    term,
    transactions: summary.transactions.length,
  });
}

async function storeBlock(
  { summary, change }: Extract<Effect, { type: "storeBlock" }>,
  deps: PerformDeps,
): Promise<void> {
  const { hash } = summary;
  const seal = deps.engine.peerBlock(hash)?.seal;
  const block = deps.engine.toWrite(hash, seal === undefined || seal === "0x" ? null : seal);
  await store(deps, async (tx) => {
    await insertBlock(tx, block);
    if (change !== undefined) await writeChange(tx, deps.bus, change);
  });
  deps.metrics.blocks.add({ from: "peer" });
}

async function storeCertified(
  { height, transactions }: Extract<Effect, { type: "storeCertified" }>,
  deps: PerformDeps,
): Promise<void> {
  await store(deps, async (tx) => {
    await deleteTransactions(tx, transactions);
    await writeCertifiedHeight(tx, height);
  });
  deps.position.levels = { ...deps.position.levels, certified: height };
  deps.events.emit({ type: "levelChanged", level: "quorum", upTo: height });
}

async function tellHead(change: ChainChange, deps: PerformDeps): Promise<void> {
  const head = change.added.at(-1);
  if (head === undefined) return;
  deps.position.head = head.hash;
  deps.position.headNumber = head.height;
  deps.metrics.headHeight.set(Number(head.height));
  const find = createFinder(deps);
  const shown = async (hash: Hex) => {
    const block = await find({ type: "hash", hash, requireCanonical: false });
    return block === undefined ? [] : [block];
  };
  const removed = (await Promise.all(change.removed.map(({ hash }) => shown(hash)))).flat();
  const added = (await Promise.all(change.added.map(({ hash }) => shown(hash)))).flat();
  deps.events.emit({ type: "headChanged", removed, added });
}

/** Sends a stored block on; the peer that sent it has it. */
async function broadcast(hash: Hex, deps: PerformDeps): Promise<void> {
  const from = deps.engine.peerBlock(hash)?.peer;
  const stored = await deps.reader.byHash(hash);
  if (stored !== undefined) deps.hub.publish({ type: "block", block: feedBlockOf(stored) }, from);
  deps.engine.release(hash, true);
}

async function build(effect: Extract<Effect, { type: "build" }>, deps: PerformDeps): Promise<void> {
  const startedAtMs = performance.now();
  const result = await deps.engine.build(effect).catch(asReason);
  deps.metrics.executionSeconds.observe((performance.now() - startedAtMs) / 1_000, {
    kind: "build",
  });
  if ("reason" in result) {
    deps.logger.warn("no block could be built", { reason: result.reason, parent: effect.parent });
    return deps.offer({ type: "blockBuilt", summary: undefined, leftOut: [], atMs: deps.nowMs() });
  }
  deps.offer({ type: "blockBuilt", ...result, atMs: deps.nowMs() });
}

async function execute(
  effect: Extract<Effect, { type: "execute" }>,
  deps: PerformDeps,
): Promise<void> {
  const startedAtMs = performance.now();
  const result = await deps.engine.execute(effect).catch(asReason);
  deps.metrics.executionSeconds.observe((performance.now() - startedAtMs) / 1_000, {
    kind: "verify",
  });
  if (result.type !== "valid")
    deps.logger.warn("block of a peer not accepted", { hash: effect.hash, ...result });
  deps.offer({ type: "blockExecuted", hash: effect.hash, result, atMs: deps.nowMs() });
}

/** Storage that is away says nothing about a block; a broken invariant stops the process. */
function asReason(error: unknown): { readonly type: "unknown"; readonly reason: string } {
  if (error instanceof AssertionFailure) throw error;
  return { type: "unknown", reason: describeError(error) };
}

async function readAccounts(
  { head, addresses }: Extract<Effect, { type: "readAccounts" }>,
  deps: PerformDeps,
): Promise<void> {
  const header = await deps.state.header(head);
  if (header === undefined) return;
  const read = async (address: Hex) =>
    [
      address,
      await deps.state.read((executor) => executor.account(header.stateRoot, address)),
    ] as const;
  const accounts = new Map(await Promise.all(addresses.map(read)));
  deps.offer({ type: "accountsRead", head, accounts, atMs: deps.nowMs() });
}

async function publishSilence(
  { term, reason }: Extract<Effect, { type: "publishLeaderSilent" }>,
  deps: PerformDeps,
): Promise<void> {
  deps.logger.warn("leader is silent", { term, reason });
  deps.metrics.silences.add({ reason });
  await store(deps, (tx) =>
    deps.bus.publish(tx, {
      case: "leaderSilent",
      value: {
        $typeName: "sequorum.events.v1alpha1.LeaderSilent",
        term,
        reason: reason === "stalled" ? SilenceReason.STALLED : SilenceReason.NO_HEARTBEAT,
      },
    }),
  );
}

async function rejectPeer(
  effect: Extract<Effect, { type: "rejectPeer" }>,
  deps: PerformDeps,
): Promise<void> {
  const { peer, code, evidence } = effect;
  deps.logger.warn("peer broke a rule of the feed", { peer, code });
  deps.metrics.rejections.add({ code });
  if (effect.disconnect) deps.clients().punish(peer);
  const value = {
    $typeName: "sequorum.events.v1alpha1.PeerMisbehaved" as const,
    peer: hexToBytes(peer),
    code,
  };
  const proofs = await Promise.all(evidence.map((hash) => sealedBlock(hash, deps)));
  await store(deps, async (tx) => {
    const [first, second] = proofs;
    if (first !== undefined && second !== undefined) {
      await tx`insert into double_seals ${tx({
        first_hash: bytea(first.hash),
        second_hash: bytea(second.hash),
        leader: bytea(peer),
        first_rlp: first.rlp,
        second_rlp: second.rlp,
        first_seal: first.seal,
        second_seal: second.seal,
      })} on conflict do nothing`;
    }
    await deps.bus.publish(tx, { case: "peerMisbehaved", value });
  });
}

/** A sealed block that is stored, or that waits for its execution. */
async function sealedBlock(hash: Hex, { engine, reader }: PerformDeps) {
  const waiting = engine.peerBlock(hash);
  const stored = waiting ?? (await reader.byHash(hash));
  const seal = stored?.seal ?? null;
  const rlp = stored === undefined ? null : Buffer.from(stored.rlp);
  return { hash, rlp, seal: seal === null ? null : bytea(seal) };
}

/** Work that answers with an input; when it fails otherwise, the process stops and restarts from its store. */
function background(deps: PerformDeps, work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    if (!deps.signal.aborted) deps.fail(error);
  });
}
