/** A pool of three members with a group key, and batches that they signed. */
import type { BatchBlock, BatchHeader, Hex } from "@sequorum/protocol";
import {
  batchDigest,
  batchHeaderVersion,
  bytesToBigint,
  bytesToHex,
  chunkRoot,
  currentStfVersion,
  daKindCalldata,
  encodeBatch,
  encodeFrostProof,
  frostSchemeId,
  hexToBytes,
  keccak256,
  merkleRoot,
  pointToAddress,
  privateKeyToPublicKey,
  publicKeyToAddress,
  schnorrChallenge,
  signDigest,
  zeroHash,
} from "@sequorum/protocol";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Effect } from "../../src/core/effect.ts";
import type { Input } from "../../src/core/input.ts";
import type { DerivedBlock, EpochKey, State, Submission, Tip } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";

const { Fn, BASE } = { Fn: secp256k1.Point.Fn, BASE: secp256k1.Point.BASE };

const memberKeys = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
const members = memberKeys.map((key) => ({
  address: publicKeyToAddress(privateKeyToPublicKey(key)),
  stakeWei: 20_000n * 10n ** 18n,
}));

/** The group secret with even Y, and its public x-coordinate. */
const groupSecret = (() => {
  const secret = bytesToBigint(new Uint8Array(32).fill(9));
  const isEven = BASE.multiply(secret).toBytes(true)[0] === 2;
  return isEven ? secret : Fn.neg(secret);
})();
const groupKey = bytesToHex(BASE.multiply(groupSecret).toBytes(true).subarray(1));

export const epochKey: EpochKey = { epoch: 1n, schemeId: frostSchemeId, groupKey, members };
export const parameters = { domain: { l1ChainId: 31_337n, rollupChain: `0x${"c0".repeat(20)}` as Hex }, l2ChainId: 777n };

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

/** The proof that L1 wants over the digest, by the given members. */
export function prove(digest: Hex, endorsers: readonly number[] = [0, 1, 2]): Hex {
  const nonce = Fn.create(BigInt(keccak256(digest)));
  const r = pointToAddress(BASE.multiply(nonce));
  const e = schnorrChallenge(hexToBytes(groupKey), hexToBytes(digest), hexToBytes(r));
  const s: Hex = `0x${Fn.add(nonce, Fn.mul(e, groupSecret)).toString(16).padStart(64, "0")}`;
  const endorsements = endorsers.map((index) => ({
    index,
    signature: signDigest(memberKeys[index] ?? new Uint8Array(32), digest),
  }));
  return encodeFrostProof({ signature: { r, s }, endorsements });
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
    derived.push(derive(tip.height + BigInt(derived.length) + 1n, derived.at(-1)?.hash ?? tip.blockHash, block));
  }
  const last = derived.at(-1);
  if (last === undefined) throw new Error("a batch has blocks");
  return {
    ...{ version: batchHeaderVersion, stfVersion: currentStfVersion, chainId: parameters.l2ChainId },
    ...{ index: tip.batchIndex + 1n, parentHash: tip.batchHash, firstBlock: tip.height + 1n, lastBlock: last.height },
    ...{ parentBlockHash: tip.blockHash, lastBlockHash: last.hash, postStateRoot: last.stateRoot },
    ...{ blockRoot: merkleRoot(derived.map(({ hash }) => hash)), daKind: daKindCalldata, daSize: data.length },
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
  return { l1BlockNumber: 20n + tip.batchIndex, l1TxHash: keccak256(batchHash), header, batchHash, calldata };
}

/** Applies inputs and answers each `executeBlock`. */
export function run(state: State, inputs: readonly Input[]): { readonly state: State; readonly effects: readonly Effect[] } {
  const effects: Effect[] = [];
  const queue = [...inputs];
  let current = state;
  for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
    const next = step(current, input);
    current = next.state;
    for (const effect of next.effects) {
      if (effect.type !== "executeBlock") {
        effects.push(effect);
        continue;
      }
      const height = current.tip.height + BigInt(current.inWork?.derived.length ?? 0) + 1n;
      queue.unshift({ type: "blockExecuted", block: derive(height, effect.parentHash, effect.block) });
    }
  }
  return { state: current, effects };
}
