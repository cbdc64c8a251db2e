/** Log filters: the filter object of eth_getLogs and its relatives, and matching one log. Pure. */
import type { Hex } from "@sequorum/protocol";
import type { Log } from "@sequorum/stf";
import type { BlockId } from "../ports.ts";
import { invalidParams } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { JsonRpcLimits } from "./limits.ts";
import {
  address,
  arrayOf,
  blockNumber,
  hash,
  latestBlock,
  member,
  object,
  type Parser,
} from "./params.ts";

/** What a log must look like: one of the addresses (none = any); per position one of the topics (null = any). */
export type LogCriteria = {
  readonly addresses: readonly Hex[];
  readonly topics: readonly (readonly Hex[] | null)[];
};

/** A log query: criteria, and the blocks to search. */
export type LogQuery = LogCriteria & { readonly blocks: LogBlocks };

/** The blocks of a log query. */
export type LogBlocks =
  | { readonly type: "hash"; readonly hash: Hex }
  | { readonly type: "range"; readonly from: BlockId; readonly to: BlockId };

/** Topic positions that a log has. */
const topicPositionsMax = 4;

/** Parser of the filter object. Without blocks it is about the newest block. */
export function logQuery(limits: JsonRpcLimits): Parser<LogQuery> {
  const addresses = oneOrMany(address, limits.logAlternativesMax);
  const topics = arrayOf(topicAlternatives(limits.logAlternativesMax), topicPositionsMax);
  return (value, where) => {
    const filter = object(value, where);
    return {
      addresses: member(filter, "address", addresses) ?? [],
      topics: member(filter, "topics", topics) ?? [],
      blocks: logBlocks(filter, where),
    };
  };
}

/** Every log of the newest block. */
export const anyLog: LogQuery = {
  addresses: [],
  topics: [],
  blocks: { type: "range", from: latestBlock, to: latestBlock },
};

/** Whether the log meets the criteria (execution-apis, "Filter"). */
export function logMatches(log: Pick<Log, "address" | "topics">, criteria: LogCriteria): boolean {
  if (criteria.addresses.length > 0 && !criteria.addresses.includes(log.address)) return false;
  if (criteria.topics.length > log.topics.length) return false;
  return criteria.topics.every((alternatives, i) => {
    const topic = log.topics[i];
    return alternatives === null || (topic !== undefined && alternatives.includes(topic));
  });
}

function logBlocks(filter: JsonObject, where: string): LogBlocks {
  const blockHash = member(filter, "blockHash", hash);
  const from = member(filter, "fromBlock", blockNumber);
  const to = member(filter, "toBlock", blockNumber);
  if (blockHash === undefined)
    return { type: "range", from: from ?? latestBlock, to: to ?? latestBlock };
  if (from !== undefined || to !== undefined) {
    throw invalidParams(
      where,
      "cannot specify both blockHash and fromBlock/toBlock, choose one or the other",
    );
  }
  return { type: "hash", hash: blockHash };
}

function oneOrMany<T>(parse: Parser<T>, max: number): Parser<readonly T[]> {
  const many = arrayOf(parse, max);
  return (value, where) => (Array.isArray(value) ? many(value, where) : [parse(value, where)]);
}

/** null and the empty list match any topic; so does a list that has null in it, as geth. */
function topicAlternatives(max: number): Parser<readonly Hex[] | null> {
  const many = oneOrMany<Hex | null>(
    (value, where) => (value === null ? null : hash(value, where)),
    max,
  );
  return (value, where) => {
    const parsed = many(value, where);
    const topics = parsed.filter((topic) => topic !== null);
    return topics.length === 0 || topics.length < parsed.length ? null : topics;
  };
}
