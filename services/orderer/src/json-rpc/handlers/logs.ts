/** Methods about logs and filters. */
import type { Hex } from "@sequorum/protocol";
import type { BlockId, LogFilter } from "../../ports.ts";
import type { Context } from "../context.ts";
import { blockNotFound, invalidParams, limitExceeded } from "../errors.ts";
import type { FilterKind } from "../filters.ts";
import { formatLog } from "../format.ts";
import type { Json } from "../json.ts";
import type { LogBlocks, LogQuery } from "../log-filter.ts";

/** eth_getLogs */
export async function getLogs(context: Context, [query]: readonly [LogQuery]): Promise<Json> {
  const { reader, limits } = context;
  const blocks = await resolveBlocks(context, query.blocks);
  if (blocks === undefined) return [];
  const { addresses, topics } = query;
  const found = await reader.logs({ blocks, addresses, topics, resultsMax: limits.logResultsMax });
  if (found.type === "unknownBlock") throw blockNotFound();
  if (found.type === "tooMany") {
    throw limitExceeded(
      `query returned more than ${limits.logResultsMax} results`,
      "logResultsMax",
    );
  }
  return found.logs.map(formatLog);
}

/** eth_newFilter */
export function newFilter({ filters }: Context, [query]: readonly [LogQuery]): Json {
  return filters.install({ type: "logs", query });
}

/** eth_newBlockFilter, eth_newPendingTransactionFilter */
export function newFilterOf(kind: FilterKind): (context: Context) => Json {
  return ({ filters }) => filters.install(kind);
}

/** eth_getFilterChanges */
export function getFilterChanges({ filters }: Context, [id]: readonly [Hex]): Json {
  return filters.takeChanges(id);
}

/** eth_getFilterLogs: the filter's query run anew. */
export function getFilterLogs(context: Context, [id]: readonly [Hex]): Promise<Json> {
  return getLogs(context, [context.filters.logQuery(id)]);
}

/** eth_uninstallFilter */
export function uninstallFilter({ filters }: Context, [id]: readonly [Hex]): Json {
  return filters.uninstall(id);
}

/** Heights to search, checked; `undefined` when all of them are above the head. */
async function resolveBlocks(
  context: Context,
  blocks: LogBlocks,
): Promise<LogFilter["blocks"] | undefined> {
  if (blocks.type === "hash") return blocks;
  const head = context.reader.headNumber();
  const from = await heightOf(context, blocks.from);
  const wanted = await heightOf(context, blocks.to);
  if (wanted < from) throw invalidParams("block range", "fromBlock is above toBlock");
  if (from > head) return undefined;
  const to = wanted < head ? wanted : head;
  const { logBlocksMax } = context.limits;
  if (to - from >= BigInt(logBlocksMax)) {
    throw limitExceeded(`block range is larger than ${logBlocksMax} blocks`, "logBlocksMax");
  }
  return { type: "range", from, to };
}

async function heightOf({ reader }: Context, id: BlockId): Promise<bigint> {
  if (id.type === "number") return id.number;
  const stored = await reader.block(id);
  if (stored === undefined) throw blockNotFound();
  return stored.block.header.number;
}
