/** Traces of calls and of stored transactions. */
import type { CallThread } from "@sequorum/execution";
import { assert, type Hex } from "@sequorum/protocol";
import {
  forcedEntriesPerBlockMax,
  type NotIncludable,
  type TraceOptions,
  type TransactionTrace,
} from "@sequorum/stf";
import type { Sql } from "@sequorum/store";
import type { BlockReader } from "../adapters/block-reader.ts";
import { loadForcedEntries, loadOrigin } from "../adapters/l1-origins.ts";
import type { ChainBlock, Traced } from "../ports.ts";

/** What tracing works with. */
export type TraceDeps = {
  readonly reader: BlockReader;
  readonly sql: Sql;
  readonly calls: Pick<CallThread, "trace">;
};

/** Executes a canonical block again up to one of its transactions, and lists the instructions of that. */
export async function traceInBlock(
  { reader, sql, calls }: TraceDeps,
  { block, originNumber }: ChainBlock,
  { index, ...options }: TraceOptions & { readonly index: number },
): Promise<Traced> {
  const { header } = block;
  const parent = await reader.byHash(header.parentHash);
  const origin = await loadOrigin(sql, originNumber);
  assert(parent !== undefined && origin !== undefined, "a stored block has a parent and an origin");
  const from = parent.block.header.queuePosition;
  const range = { from, origin: originNumber, max: forcedEntriesPerBlockMax };
  const forcedEntries = await loadForcedEntries(sql, range);
  const traced = await calls.trace({
    parent: {
      header: parent.block.header,
      hash: parent.block.hash,
      originNumber: parent.originNumber,
    },
    block,
    traced: { originNumber, originTime: origin.timestamp, forcedEntries, index, ...options },
  });
  if (traced.type === "timedOut") return { type: "failed", reason: "execution timed out" };
  return outcomeOf(traced, header.parentHash);
}

function outcomeOf(traced: TransactionTrace | NotIncludable, parent: Hex): Traced {
  assert(traced.type === "traced", "a stored block executes again", { parent });
  const { receipt, steps, leftOut, returnData } = traced;
  return {
    type: "traced",
    gasUsed: receipt.gasUsed,
    hasFailed: receipt.status === 0,
    returnData,
    contract: receipt.to ?? receipt.contractAddress,
    steps,
    leftOut,
  };
}
