/** Reads the facts of an L1 block from its logs and, for batches, from the calldata of their transactions. */
import {
  epochRegistryAbi,
  forcedQueueAbi,
  type L1Client,
  type L1ConfirmedBlock,
  rollupChainAbi,
  toL1Error,
} from "@sequorum/l1";
import type { BatchHeader, ContractAddresses, Hex } from "@sequorum/protocol";
import { hexToBytes } from "@sequorum/protocol";
import { RetryableError } from "@sequorum/service";
import { decodeFunctionData, parseEventLogs } from "viem";
import type { Submission } from "../core/state.ts";
import type { L1Fact, L1Origin } from "../ports.ts";

type L1Log = L1ConfirmedBlock["logs"][number];
type HeaderTuple = { readonly [Field in keyof BatchHeader]: BatchHeader[Field] };

/** Contracts whose logs the challenger reads. */
export function watchedAddresses({
  rollupChain,
  forcedQueue,
  epochRegistry,
}: ContractAddresses): Hex[] {
  return [rollupChain, forcedQueue, epochRegistry];
}

/** The facts of a block in log order; throws `RetryableError` when the node does not answer. */
export async function readFacts(
  client: L1Client,
  contracts: ContractAddresses,
  block: Pick<L1ConfirmedBlock, "number" | "logs">,
): Promise<L1Fact[]> {
  const facts: L1Fact[] = [];
  for (const log of block.logs) {
    const address = log.address.toLowerCase();
    if (address === contracts.forcedQueue) facts.push(...queueFacts(log));
    else if (address === contracts.epochRegistry) facts.push(...epochFacts(log));
    else if (address === contracts.rollupChain)
      facts.push(...(await rollupFacts(client, contracts.rollupChain, log)));
  }
  return facts;
}

/** An L1 block by number; throws `RetryableError` when the node does not answer. */
export async function readOrigin(client: L1Client, number: bigint): Promise<L1Origin> {
  try {
    const { hash, timestamp } = await client.getBlock({ blockNumber: number });
    return { number, hash: lower(hash), timestamp };
  } catch (error) {
    throw new RetryableError("L1 did not answer", { cause: toL1Error(error) });
  }
}

function queueFacts(log: L1Log): L1Fact[] {
  const events = parseEventLogs({
    abi: forcedQueueAbi,
    logs: [log],
    eventName: "ForcedTransactionEnqueued",
  });
  return events.map(({ args }) => ({
    type: "entryEnqueued",
    position: args.position,
    transaction: hexToBytes(args.transaction),
  }));
}

function epochFacts(log: L1Log): L1Fact[] {
  const events = parseEventLogs({
    abi: epochRegistryAbi,
    logs: [log],
    eventName: "EpochRegistered",
  });
  return events.map(({ args }) => ({
    type: "epochRegistered",
    key: {
      epoch: args.epoch,
      schemeId: lower(args.update.schemeId),
      groupKey: lower(args.groupKey),
      members: args.members.map((member, i) => ({
        address: lower(member),
        stakeWei: args.stakesWei[i] ?? 0n,
      })),
    },
  }));
}

async function rollupFacts(client: L1Client, rollupChain: Hex, log: L1Log): Promise<L1Fact[]> {
  const [event] = parseEventLogs({ abi: rollupChainAbi, logs: [log] });
  if (event?.eventName === "BatchesInvalidated") {
    return [{ type: "batchesInvalidated", fromIndex: event.args.fromIndex }];
  }
  if (event?.eventName !== "BatchSubmitted") return [];
  const submission: Submission = {
    l1BlockNumber: log.blockNumber,
    l1TxHash: lower(log.transactionHash),
    header: toHeader(event.args.header),
    batchHash: lower(event.args.batchHash),
    calldata: await readCalldata(client, rollupChain, log.transactionHash),
  };
  return [{ type: "batchSubmitted", submission, finalAtSeconds: event.args.finalAtSeconds }];
}

/** Arguments of `submitBatch` when the transaction calls it directly, which RollupChain demands. */
async function readCalldata(
  client: L1Client,
  rollupChain: Hex,
  hash: Hex,
): Promise<Submission["calldata"]> {
  const transaction = await client.getTransaction({ hash }).catch((error: unknown) => {
    throw new RetryableError("L1 did not answer", { cause: toL1Error(error) });
  });
  if (transaction.to?.toLowerCase() !== rollupChain) return null;
  const call = decodeCall(transaction.input);
  if (call?.functionName !== "submitBatch") return null;
  const [header, data, proof] = call.args;
  return { header: toHeader(header), data: hexToBytes(data), proof: lower(proof) };
}

function decodeCall(input: Hex) {
  try {
    return decodeFunctionData({ abi: rollupChainAbi, data: input });
  } catch {
    return undefined; // not a call of this contract's interface
  }
}

function toHeader(tuple: HeaderTuple): BatchHeader {
  return {
    ...tuple,
    parentHash: lower(tuple.parentHash),
    parentBlockHash: lower(tuple.parentBlockHash),
    lastBlockHash: lower(tuple.lastBlockHash),
    postStateRoot: lower(tuple.postStateRoot),
    blockRoot: lower(tuple.blockRoot),
    daRoot: lower(tuple.daRoot),
    l1OriginHash: lower(tuple.l1OriginHash),
    proposer: lower(tuple.proposer),
  };
}

function lower(hex: Hex): Hex {
  return `0x${hex.slice(2).toLowerCase()}`;
}
