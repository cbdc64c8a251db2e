/** A small application: it certifies L2 blocks whose hashes are known in advance, and rejects what looks bad. */
import {
  type Hex,
  hexToBytes,
  keccak256,
  merkleRoot,
  type PosBlock,
  rlpEncode,
  rlpUint,
  type Validator,
} from "@sequorum/protocol";
import type { AbciApp } from "../../../services/pos-consensus/src/core/abci.ts";

/** Application state: how far L2 is certified, and a hash over everything executed. */
export type SimAppState = { readonly certifiedTo: bigint; readonly chain: Hex };

/** The validator set of each height. */
export type ValidatorsAt = (height: bigint) => readonly Validator[];

export type SimApp = AbciApp<SimAppState, Hex, SimView>;

/** The local view: L2 blocks up to this height are held valid. */
export type SimView = { readonly validTo: bigint };

/** A transaction that every validator rejects. */
export const badTransaction: Hex = "0xbad0";

/** Certified in one block at most. */
const certifiedPerBlockMax = 4n;

const hashes = new Map<bigint, Hex>();

/** Hash of an L2 block of the simulated rollup. */
export function l2Hash(height: bigint): Hex {
  const known = hashes.get(height) ?? keccak256(rlpEncode(rlpUint(height)));
  hashes.set(height, known);
  return known;
}

/** Commitment to the state. */
export function simAppHash(state: SimAppState): Hex {
  return merkleRoot([state.chain, keccak256(rlpEncode(rlpUint(state.certifiedTo)))]);
}

/** The application; its validator set changes with the height. */
export function createSimApp(validatorsAt: ValidatorsAt): SimApp {
  return {
    prepareProposal: (state, { mempool, localView }) => {
      const end = min(localView.validTo, state.certifiedTo + certifiedPerBlockMax);
      const certified: Hex[] = [];
      for (let height = state.certifiedTo + 1n; height <= end; height++)
        certified.push(l2Hash(height));
      return {
        transactions: mempool,
        certified: { from: state.certifiedTo + 1n, hashes: certified },
      };
    },
    processProposal: (state, block, view) => {
      const { from, hashes: certified } = block.certified;
      if (block.transactions.includes(badTransaction)) return "reject";
      if (from !== state.certifiedTo + 1n) return "reject";
      if (certified.some((hash, i) => hash !== l2Hash(from + BigInt(i)))) return "reject";
      return from + BigInt(certified.length) - 1n > view.validTo ? "unknown" : "accept";
    },
    finalizeBlock: (state, block) => {
      const next: SimAppState = {
        certifiedTo: block.header.certifiedTo,
        chain: keccak256(concat(state.chain, block.header.transactionsRoot)),
      };
      return {
        state: next,
        decisions: block.certified.hashes,
        appHash: simAppHash(next),
        validators: validatorsAt(block.header.height + 1n),
      };
    },
    checkTransaction: (_state, transaction) =>
      transaction === badTransaction
        ? { type: "rejected", code: "BAD", by: undefined }
        : { type: "ok" },
    hasWork: (state, view) => view.validTo > state.certifiedTo,
    nextDeadlineMs: () => undefined,
  };
}

/** Whether a decided block keeps the application's rules, whatever the local views were. */
export function isValidContent(block: PosBlock): boolean {
  return (
    !block.transactions.includes(badTransaction) &&
    block.certified.hashes.every((hash, i) => hash === l2Hash(block.certified.from + BigInt(i)))
  );
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function concat(a: Hex, b: Hex): Uint8Array {
  return Uint8Array.from([...hexToBytes(a), ...hexToBytes(b)]);
}
