// The contract calls that bring what the pool signed to L1.

import { epochRegistryAbi, rollupChainAbi } from "@sequorum/l1";
import type { BatchSigned, EpochKeySigned } from "@sequorum/proto/events";
import {
  assert,
  type BatchHeader,
  bytesToHex,
  decodeBatchHeader,
  type Hex,
  keccak256,
  membersHash,
  type NetworkConfig,
  zeroHash,
} from "@sequorum/protocol";
import { encodeFunctionData } from "viem";
import { findDataFault } from "../core/batch-data.ts";
import type { BuildCall, CallOrCode, SubmissionContent } from "../ports.ts";

/** Gets a batch's data from the operator's batcher; undefined when it has none. */
export type FetchData = (batch: {
  readonly index: bigint;
  readonly digest: Uint8Array;
}) => Promise<Uint8Array | undefined>;

/** What {@link createCallBuilder} needs. */
export type CallBuilderOptions = {
  readonly network: NetworkConfig;
  readonly loadContent: (key: string) => Promise<SubmissionContent>;
  readonly fetchData: FetchData;
};

/** Calls kept, so that checking, signing and replacing a batch fetch its data once. */
const cachedCallsMax = 4;

/** Builds calls; those that need a batch's data are remembered for a while. */
export function createCallBuilder({
  network,
  loadContent,
  fetchData,
}: CallBuilderOptions): BuildCall {
  const cache = new Map<string, CallOrCode>();
  return async (key) => {
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const content = await loadContent(key);
    const call =
      content.type === "batch"
        ? await batchCall(network.contracts.rollupChain, content.signed, fetchData)
        : epochCall(network.contracts.epochRegistry, content.signed);
    if ("code" in call) return call;
    cache.set(key, call);
    const [oldest] = cache.keys();
    if (cache.size > cachedCallsMax && oldest !== undefined) cache.delete(oldest);
    return call;
  };
}

async function batchCall(
  rollupChain: Hex,
  signed: BatchSigned,
  fetchData: FetchData,
): Promise<CallOrCode> {
  const header = headerOf(signed);
  const digest = signed.header?.digest ?? new Uint8Array();
  let data: Uint8Array | undefined;
  try {
    data = await fetchData({ index: header.index, digest });
  } catch {
    return { code: "BATCHER_UNAVAILABLE" };
  }
  if (data === undefined) return { code: "DATA_UNAVAILABLE" };
  const fault = findDataFault(header, data);
  if (fault !== undefined) return { code: fault };
  const args = [header, bytesToHex(data), bytesToHex(signed.proof)] as const;
  return {
    to: rollupChain,
    data: encodeFunctionData({ abi: rollupChainAbi, functionName: "submitBatch", args }),
  };
}

function epochCall(epochRegistry: Hex, signed: EpochKeySigned): CallOrCode {
  // Later epochs keep the group key and are installed by a signature of it; until then there is only the first.
  if (signed.epoch !== 1n) return { code: "EPOCH_UNSUPPORTED" };
  const members = signed.members.map(({ address }) => bytesToHex(address));
  const groupKey = bytesToHex(signed.groupKey);
  const previous = bytesToHex(signed.previousUpdateHash);
  const update = {
    epoch: signed.epoch,
    schemeId: bytesToHex(signed.schemeId),
    threshold: signed.threshold,
    membersHash: membersHash(members),
    groupKeyHash: keccak256(groupKey),
    previousUpdateHash: previous === "0x" ? zeroHash : previous,
  };
  const args = [update, members, groupKey, bytesToHex(signed.proof)] as const;
  return {
    to: epochRegistry,
    data: encodeFunctionData({ abi: epochRegistryAbi, functionName: "registerFirstEpoch", args }),
  };
}

/** The header of a signed batch. */
export function headerOf(signed: BatchSigned): BatchHeader {
  const header = signed.header && decodeBatchHeader(signed.header.abi);
  assert(header !== undefined, "the pool signs well-formed headers");
  return header;
}
