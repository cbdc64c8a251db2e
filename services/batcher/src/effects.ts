/** Performs the core's effects: what is said is on disk before it leaves. */
import { create } from "@bufbuild/protobuf";
import type { Bus } from "@sequorum/bus";
import { BatchBuiltSchema } from "@sequorum/proto/events";
import {
  encodeBatchHeader,
  encodePayload,
  hexToBytes,
  signDigest,
  unreachable,
} from "@sequorum/protocol";
import { type BatchTrace, describeError, type Logger } from "@sequorum/service";
import type { Store } from "@sequorum/store";
import { prune, saveStatement } from "./adapters/batch-store.ts";
import type { BuiltBatch } from "./core/build-batch.ts";
import type { Effect } from "./core/effect.ts";
import type { Input } from "./core/input.ts";
import type { BatcherMetrics } from "./metrics.ts";
import type { FetchBlocks, Statement } from "./ports.ts";

/** The hands of the core. */
export type EffectDeps = {
  readonly store: Store;
  readonly bus: Bus;
  readonly fetchBlocks: FetchBlocks;
  /** The operator's sequencer key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Counts since start. */
  readonly totals: { endorsed: bigint; refused: bigint };
  readonly metrics: BatcherMetrics;
  readonly traces: BatchTrace;
  readonly logger: Logger;
  readonly offer: (input: Input) => void;
  readonly wakeSender: () => void;
};

/** Performs one effect. */
export async function performEffect(effect: Effect, deps: EffectDeps): Promise<void> {
  switch (effect.type) {
    case "fetchBlocks":
      void fetchInBackground(effect.from, effect.to, deps);
      return;
    case "propose":
      return propose(effect, deps);
    case "endorse":
      return endorse(effect, deps);
    case "refuse":
      return refuse(effect, deps);
    case "reportOversizedBlock":
      deps.logger.error("a certified block is larger than a batch may be", {
        height: effect.height,
      });
      return;
    case "pruneBlocks":
      await deps.store.transaction((tx) => prune(tx, effect.height));
      return;
    default:
      return unreachable(effect);
  }
}

async function fetchInBackground(from: bigint, to: bigint, deps: EffectDeps): Promise<void> {
  try {
    deps.offer({ type: "blocksFetched", blocks: await deps.fetchBlocks(from, to) });
  } catch (error) {
    deps.metrics.fetchFailed.add();
    deps.logger.debug("blocks not fetched, trying again", {
      from,
      to,
      reason: describeError(error),
    });
    deps.offer({ type: "fetchFailed" });
  }
}

async function propose(
  { batch, attempt }: { batch: BuiltBatch; attempt: number },
  deps: EffectDeps,
): Promise<void> {
  const { header, digest, data } = batch;
  const payload = encodePayload({ type: "batchProposal", attempt, header });
  const said = await say(
    { index: header.index, attempt, role: "proposal", digest, refusal: null, payload, batch },
    deps,
  );
  if (!said) return;
  deps.metrics.proposed.add();
  deps.traces.record(header, {
    name: "batch proposed",
    since: "certified",
    attributes: { "sequorum.batch.attempt": attempt },
  });
  deps.metrics.dataBytes.observe(data.length);
  const { index, firstBlock, lastBlock } = header;
  deps.logger.info("batch proposed", {
    index,
    attempt,
    firstBlock,
    lastBlock,
    dataBytes: data.length,
  });
}

async function endorse(
  { batch, attempt }: { batch: BuiltBatch; attempt: number },
  deps: EffectDeps,
): Promise<void> {
  const { header, digest } = batch;
  const signature = signDigest(deps.privateKey, digest);
  const payload = encodePayload({
    type: "batchEndorsement",
    index: header.index,
    attempt,
    digest,
    signature,
  });
  const said = await say(
    { index: header.index, attempt, role: "answer", digest, refusal: null, payload, batch },
    deps,
  );
  if (!said) return;
  deps.totals.endorsed += 1n;
  deps.metrics.endorsed.add();
  deps.traces.record(header, {
    name: "batch endorsed",
    since: "proposed",
    attributes: { "sequorum.batch.attempt": attempt },
  });
  deps.logger.info("batch endorsed", { index: header.index, attempt, digest });
}

async function refuse(
  effect: Extract<Effect, { type: "refuse" }>,
  deps: EffectDeps,
): Promise<void> {
  const { index, attempt, digest, code } = effect;
  const payload = encodePayload({ type: "batchRefusal", index, attempt, digest, code });
  const said = await say(
    { index, attempt, role: "answer", digest, refusal: code, payload, batch: null },
    deps,
  );
  if (!said) return;
  deps.totals.refused += 1n;
  deps.metrics.refused.add({ code });
  deps.logger.warn("batch refused", { index, attempt, digest, code });
}

/** Records the statement and lets it be sent; false when the attempt has one already, which stands. */
async function say(statement: Statement, { store, bus, wakeSender }: EffectDeps): Promise<boolean> {
  const said = await store.transaction(async (tx) => {
    if (!(await saveStatement(tx, statement))) return false;
    if (statement.batch === null) return true;
    const { header, digest } = statement.batch;
    const value = create(BatchBuiltSchema, {
      header: { abi: encodeBatchHeader(header), index: header.index, digest: hexToBytes(digest) },
      attempt: statement.attempt,
    });
    await bus.publish(tx, { case: "batchBuilt", value });
    return true;
  });
  wakeSender();
  return said;
}
