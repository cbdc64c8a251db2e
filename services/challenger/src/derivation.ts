/** Applies L1 blocks to the core: one database transaction each, so that a restart goes on after the last whole one. */
import { create } from "@bufbuild/protobuf";
import type { Bus } from "@sequorum/bus";
import { AlarmRaisedSchema } from "@sequorum/proto/events";
import type { BlockThread } from "@sequorum/execution";
import { assert, type Hex, unreachable } from "@sequorum/protocol";
import { type Logger, recordBlockSpan, tracedBlocksMax } from "@sequorum/service";
import type { BlockHeader, ExecutedBlock } from "@sequorum/stf";
import { afterCommit, type Store, type Transaction } from "@sequorum/store";
import {
  findL1Block,
  findTipBelow,
  loadQueueEntries,
  restoreState,
  rollBackTo,
  saveAlarm,
  saveBatch,
  saveFinality,
  saveEpoch,
  saveL1Block,
  saveQueueEntry,
  voidBatches,
} from "./adapters/derivation-store.ts";
import { findHeader, saveExecuted } from "./adapters/executed-rows.ts";
import type { Effect } from "./core/effect.ts";
import type { Input } from "./core/input.ts";
import type { DerivedBlock, Parameters, State, Submission, Tip } from "./core/state.ts";
import { step } from "./core/step.ts";
import type { L1Fact, L1Origin } from "./ports.ts";

/** What the derivation works with. */
export type DerivationDeps = {
  readonly store: Store;
  readonly bus: Bus;
  readonly thread: Pick<BlockThread, "apply" | "decodeBatch" | "release">;
  /** An L1 block below those watched. */
  readonly readOrigin: (number: bigint) => Promise<L1Origin>;
  readonly logger: Logger;
  readonly parameters: Parameters;
  /** End of the verified chain before batch 1. */
  readonly genesis: Tip;
};

/** The derivation. */
export type Derivation = {
  /** Applies one L1 block with its facts; on disk when this resolves. */
  apply(block: L1Origin, facts: readonly L1Fact[]): Promise<void>;
  /** Forgets the L1 blocks above `number`. */
  rollBack(number: bigint): Promise<void>;
  state(): State;
};

type Work = DerivationDeps & {
  readonly tx: Transaction;
  readonly l1Block: L1Origin;
  readonly executed: ExecutedBlock[];
  readonly startedAtMs: number;
};

/** Starts from what the tables hold. */
export async function openDerivation(deps: DerivationDeps): Promise<Derivation> {
  const { store, thread } = deps;
  let state = await restoreState(store.sql, { parameters: deps.parameters, tip: deps.genesis });
  return {
    state: () => state,
    async apply(l1Block, facts) {
      const executed: ExecutedBlock[] = [];
      let isStored = false;
      try {
        state = await store.transaction(async (tx) => {
          const work = { ...deps, tx, l1Block, executed, startedAtMs: Date.now() };
          await saveL1Block(tx, l1Block);
          let next = state;
          for (const fact of facts) next = await applyFact(next, fact, work);
          for (const block of executed) await saveExecuted(tx, block);
          return next;
        });
        isStored = true;
      } finally {
        for (const { block } of executed) thread.release(block.hash, isStored);
      }
    },
    async rollBack(number) {
      state = await store.transaction(async (tx) => {
        await rollBackTo(tx, number);
        return restoreState(tx, { parameters: deps.parameters, tip: deps.genesis });
      });
    },
  };
}

async function applyFact(state: State, fact: L1Fact, work: Work): Promise<State> {
  switch (fact.type) {
    case "entryEnqueued":
      await saveQueueEntry(work.tx, { ...fact, l1BlockNumber: work.l1Block.number });
      return state;
    case "epochRegistered":
      await saveEpoch(work.tx, fact.key, work.l1Block.number);
      return applyInputs(state, fact, work);
    case "batchesInvalidated": {
      const tip = (await findTipBelow(work.tx, fact.fromIndex)) ?? work.genesis;
      return applyInputs(state, { ...fact, tip }, work);
    }
    case "batchSubmitted": {
      const { submission, finalAtSeconds } = fact;
      const next = await applyInputs(state, { type: "batchSubmitted", submission }, work);
      await saveFinality(work.tx, submission, finalAtSeconds);
      return next;
    }
    default:
      return unreachable(fact);
  }
}

/** Runs the core until no effect has an answer. */
async function applyInputs(before: State, first: Input, work: Work): Promise<State> {
  let state = before;
  for (let input: Input | undefined = first; input !== undefined; ) {
    const next = step(state, input);
    state = next.state;
    input = undefined;
    for (const effect of next.effects) {
      const answer = await performEffect(effect, work);
      assert(answer === undefined || input === undefined, "one block is executed at a time");
      input = answer ?? input;
    }
  }
  assert(state.inWork === null, "a batch is judged before the next fact of L1");
  return state;
}

async function performEffect(effect: Effect, work: Work): Promise<Input | undefined> {
  const { tx, logger, l1Block } = work;
  switch (effect.type) {
    case "decodeData":
      return decodeData(effect.data, work);
    case "executeBlock":
      return executeBlock(effect, work);
    case "recordVerified": {
      const { submission, tip } = effect;
      await saveBatch(tx, submission, { status: "verified", tip });
      afterCommit(tx, () => traceVerified(submission, work));
      logger.info("batch verified", {
        batch: tip.batchIndex,
        height: tip.height,
        l1TxHash: submission.l1TxHash,
      });
      return undefined;
    }
    case "recordUnverified":
      await saveBatch(tx, effect.submission, { status: "unverified" });
      logger.warn("batch builds on a wrong one", { batch: effect.submission.header.index });
      return undefined;
    case "raiseAlarm": {
      const { submission, alarm } = effect;
      await saveBatch(tx, submission, { status: "wrong" });
      await saveAlarm(tx, alarm, l1Block.number);
      const { batchIndex, code } = alarm;
      const detail = [
        alarm.field,
        alarm.height === null ? null : `block ${alarm.height}`,
        alarm.detail,
      ];
      const value = create(AlarmRaisedSchema, {
        batchIndex,
        code,
        detail: detail.filter((part) => part !== null).join(": "),
      });
      await work.bus.publish(tx, { case: "alarmRaised", value });
      logger.error("posted batch is wrong", { ...alarm, l1TxHash: submission.l1TxHash });
      return undefined;
    }
    case "recordVoid":
      await voidBatches(tx, effect.fromIndex, l1Block.number);
      logger.warn("batches are void", { fromIndex: effect.fromIndex });
      return undefined;
    default:
      return unreachable(effect);
  }
}

/** Part of the traces of the batch's blocks that hold transactions. */
function traceVerified({ header, l1TxHash }: Submission, { executed, startedAtMs }: Work): void {
  const isTraced = ({ block: { header: l2, transactions } }: ExecutedBlock) =>
    transactions.length > 0 && l2.number >= header.firstBlock && l2.number <= header.lastBlock;
  for (const { block } of executed.filter(isTraced).slice(0, tracedBlocksMax)) {
    recordBlockSpan({
      service: "challenger",
      blockHash: block.hash,
      name: "batch verified",
      startMs: startedAtMs,
      endMs: Date.now(),
      attributes: { "sequorum.batch.index": Number(header.index), "sequorum.l1.tx_hash": l1TxHash },
    });
  }
}

/** Decodes with the module that L1 would judge the data by. */
async function decodeData(data: Uint8Array, { thread }: Work): Promise<Input> {
  const decoded = await thread.decodeBatch(data);
  if (decoded.type === "rejected") return { type: "dataNotDecodable", reason: decoded.code };
  const blocks = decoded.blocks.map(({ originNumber, ...block }) => ({
    ...block,
    l1OriginNumber: originNumber,
  }));
  return { type: "dataDecoded", blocks };
}

/** Header of a block that is stored, or will be with this L1 block. */
async function headerOf(hash: Hex, { tx, executed }: Work): Promise<BlockHeader> {
  const inWork = executed.find(({ block }) => block.hash === hash);
  const header = inWork?.block.header ?? (await findHeader(tx, hash));
  assert(header !== undefined, "a verified block is stored", { hash });
  return header;
}

/** Re-executes one block from the data, the queue and L1's own headers. */
async function executeBlock(
  {
    parentHash,
    parentOriginNumber,
    block,
    l1BlockNumber,
  }: Extract<Effect, { type: "executeBlock" }>,
  work: Work,
): Promise<Input> {
  const { tx, thread, executed, readOrigin } = work;
  const header = await headerOf(parentHash, work);
  if (block.l1OriginNumber >= l1BlockNumber) {
    return {
      type: "blockNotIncludable",
      reason: `origin ${block.l1OriginNumber} is not below L1 block ${l1BlockNumber}`,
    };
  }
  const origin =
    (await findL1Block(tx, block.l1OriginNumber)) ?? (await readOrigin(block.l1OriginNumber));
  const result = await thread.apply(
    { header, hash: parentHash, originNumber: parentOriginNumber },
    {
      timestamp: block.timestamp,
      originNumber: origin.number,
      originHash: origin.hash,
      originTime: origin.timestamp,
      term: block.term,
      coinbase: block.coinbase,
      transactions: block.transactions,
      forcedEntries: await loadQueueEntries(tx, header.queuePosition, origin.number),
    },
  );
  if (result.type === "notIncludable") {
    const where = result.transaction < 0 ? "" : ` in transaction ${result.transaction}`;
    return { type: "blockNotIncludable", reason: `${result.reason}${where}` };
  }
  executed.push(result);
  return { type: "blockExecuted", block: toDerived(result, origin.hash) };
}

function toDerived({ block, originNumber }: ExecutedBlock, l1OriginHash: Hex): DerivedBlock {
  const { number, stateRoot, timestamp, queuePosition } = block.header;
  return {
    height: number,
    hash: block.hash,
    stateRoot,
    timestamp,
    queuePosition,
    l1OriginNumber: originNumber,
    l1OriginHash,
  };
}
