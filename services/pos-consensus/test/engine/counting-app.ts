/** A small deterministic application for engine tests: keeps transactions and certifies known L2 hashes. */
import {
  type Hex,
  hexToBytes,
  keccak256,
  rlpEncode,
  rlpUint,
  type Validator,
} from "@sequorum/protocol";
import type { AbciApp } from "../../src/core/abci.ts";

export type CountingState = {
  /** Transactions that were in a block. */
  readonly included: readonly Hex[];
  readonly certifiedTo: bigint;
  readonly chain: Hex;
  readonly validators: readonly Validator[];
};

/** Heights of L2 blocks held valid. */
export type CountingView = { readonly validTo: bigint };

export function countingAppHash({ included, certifiedTo, chain }: CountingState): Hex {
  return keccak256(rlpEncode([included.map(hexToBytes), rlpUint(certifiedTo), hexToBytes(chain)]));
}

export function l2Hash(height: bigint): Hex {
  return keccak256(rlpEncode(rlpUint(height)));
}

export const countingApp: AbciApp<CountingState, Hex, CountingView> = {
  prepareProposal: (state, { mempool, localView }) => {
    const hashes: Hex[] = [];
    for (let h = state.certifiedTo + 1n; h <= localView.validTo; h++) hashes.push(l2Hash(h));
    return { transactions: mempool, certified: { from: state.certifiedTo + 1n, hashes } };
  },
  processProposal: (state, block, { validTo }) => {
    const { from, hashes } = block.certified;
    if (from !== state.certifiedTo + 1n) return "reject";
    if (hashes.some((hash, i) => hash !== l2Hash(from + BigInt(i)))) return "reject";
    return block.header.certifiedTo > validTo ? "unknown" : "accept";
  },
  finalizeBlock: (state, block) => {
    const next = {
      included: [...state.included, ...block.transactions],
      certifiedTo: block.header.certifiedTo,
      chain: keccak256(
        rlpEncode([hexToBytes(state.chain), hexToBytes(block.header.transactionsRoot)]),
      ),
      validators: state.validators,
    };
    return {
      state: next,
      decisions: block.transactions,
      appHash: countingAppHash(next),
      validators: state.validators,
    };
  },
  checkTransaction: (state, transaction) =>
    state.included.includes(transaction)
      ? { type: "rejected", code: "INCLUDED", by: undefined }
      : { type: "ok" },
  hasWork: (state, { validTo }) => validTo > state.certifiedTo,
  nextDeadlineMs: () => undefined,
};
