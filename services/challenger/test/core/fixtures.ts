/** Batches that a pool of three members signed. */
import type { BatchBlock, BatchHeader, Hex } from "@sequorum/protocol";
import {
  batchDigest,
  batchHeaderVersion,
  bytesToHex,
  chunkRoot,
  currentStfVersion,
  daKindCalldata,
  decodeBatch,
  encodeBatch,
  frostSchemeId,
  keccak256,
  merkleRoot,
  zeroHash,
} from "@sequorum/protocol";
import type { Effect } from "../../src/core/effect.ts";
import type { Input } from "../../src/core/input.ts";
import type { DerivedBlock, EpochKey, State, Submission, Tip } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { groupKey, members, prove } from "../pool-keys.ts";

export const epochKey: EpochKey = { epoch: 1n, schemeId: frostSchemeId, groupKey, members };
export const parameters = {
  domain: { l1ChainId: 31_337n, rollupChain: `0x${"c0".repeat(20)}` as Hex },
  l2ChainId: 777n,
};

export const genesisTip: Tip = {
  batchIndex: 0n,
  batchHash: zeroHash,
  height: 0n,
  blockHash: keccak256("0x00"),
  queuePosition: 0n,
  l1OriginNumber: 0n,
};

export function initialTestState(): State {
  return { parameters, tip: genesisTip, epochs: [epochKey], inWork: null, wrongBatch: null };
}

/** What the fake execution of a batch block gives: its height and content decide everything. */
export function derive(height: bigint, parentHash: Hex, block: BatchBlock): DerivedBlock {
  const text = `${height} ${parentHash} ${block.timestamp} ${block.transactions.map(bytesToHex).join()}`;
  const hash = keccak256(new TextEncoder().encode(text));
  return {
    height,
    hash,
    stateRoot: keccak256(hash),
    timestamp: block.timestamp,
    queuePosition: height >= 2n ? 1n : 0n,
    l1OriginNumber: block.l1OriginNumber,
    l1OriginHash: keccak256(new TextEncoder().encode(`l1 ${block.l1OriginNumber}`)),
  };
}

/** `count` empty blocks after the tip. */
export function makeBlocks(tip: Tip, count: number): BatchBlock[] {
  return Array.from({ length: count }, (_, place) => ({
    timestamp: 1_800_000_000n + tip.height + BigInt(place) + 1n,
    l1OriginNumber: 10n + tip.height,
    term: 1n,
    coinbase: `0x${"11".repeat(20)}`,
    transactions: [],
  }));
}

/** A right batch of the blocks. */
export function makeHeader(tip: Tip, blocks: readonly BatchBlock[], data: Uint8Array): BatchHeader {
  const derived: DerivedBlock[] = [];
  for (const block of blocks) {
    derived.push(
      derive(
        tip.height + BigInt(derived.length) + 1n,
        derived.at(-1)?.hash ?? tip.blockHash,
        block,
      ),
    );
  }
  const last = derived.at(-1);
  if (last === undefined) throw new Error("a batch has blocks");
  return {
    ...{
      version: batchHeaderVersion,
      stfVersion: currentStfVersion,
      chainId: parameters.l2ChainId,
    },
    ...{
      index: tip.batchIndex + 1n,
      parentHash: tip.batchHash,
      firstBlock: tip.height + 1n,
      lastBlock: last.height,
    },
    ...{ parentBlockHash: tip.blockHash, lastBlockHash: last.hash, postStateRoot: last.stateRoot },
    ...{
      blockRoot: merkleRoot(derived.map(({ hash }) => hash)),
      daKind: daKindCalldata,
      daSize: data.length,
    },
    ...{ daRoot: chunkRoot(data), queueFrom: tip.queuePosition, queueTo: last.queuePosition },
    ...{ l1OriginNumber: last.l1OriginNumber, l1OriginHash: last.l1OriginHash, epoch: 1n },
    ...{ proposer: members[0]?.address ?? zeroHash, timestamp: last.timestamp },
  };
}

export type SubmissionChange = {
  readonly header?: Partial<BatchHeader>;
  readonly data?: Uint8Array;
  readonly endorsers?: readonly number[];
};

/** A submission, signed by the pool, of the blocks after the tip; `change` is what the pool signed wrongly. */
export function makeSubmission(tip: Tip, count: number, change: SubmissionChange = {}): Submission {
  const blocks = makeBlocks(tip, count);
  const data = change.data ?? encodeBatch(blocks);
  const header = { ...makeHeader(tip, blocks, data), ...change.header };
  const batchHash = batchDigest(header, parameters.domain);
  const calldata = { header, data, proof: prove(batchHash, change.endorsers) };
  return {
    l1BlockNumber: 20n + tip.batchIndex,
    l1TxHash: keccak256(batchHash),
    header,
    batchHash,
    calldata,
  };
}

/** Applies inputs and answers each `decodeData` and `executeBlock`. */
export function run(
  state: State,
  inputs: readonly Input[],
): { readonly state: State; readonly effects: readonly Effect[] } {
  const effects: Effect[] = [];
  const queue = [...inputs];
  let current = state;
  for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
    const next = step(current, input);
    current = next.state;
    for (const effect of next.effects) {
      if (effect.type === "decodeData") {
        const decoded = decodeBatch(effect.data);
        queue.unshift(
          "rejected" in decoded
            ? { type: "dataNotDecodable", reason: decoded.rejected }
            : { type: "dataDecoded", blocks: decoded },
        );
        continue;
      }
      if (effect.type !== "executeBlock") {
        effects.push(effect);
        continue;
      }
      const height = current.tip.height + BigInt(current.inWork?.derived.length ?? 0) + 1n;
      queue.unshift({
        type: "blockExecuted",
        block: derive(height, effect.parentHash, effect.block),
      });
    }
  }
  return { state: current, effects };
}
