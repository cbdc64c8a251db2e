/** A test case: a state, blocks of transactions on it, and calls behind them. Concrete: as both engines are given it. */
import type { Hex } from "@sequorum/protocol";
import type { PlainAccount } from "../conformance/engine.ts";
import type { StateOverride } from "../src/types.ts";
import { type Damage, senderKeys, signTransaction, type TransactionFields } from "./signing.ts";

/** A transaction to be signed. */
export type TransactionPlan = Omit<TransactionFields, "nonce"> & {
  /** Index of the sender's key. */
  readonly sender: number;
  /** Distance of the nonce from the right one. */
  readonly nonceShift: bigint;
  /** Whether it should be included, so that the sender's next nonce is one more. */
  readonly isSound: boolean;
  readonly damage: Damage;
};

/** A block to be made. */
export type BlockPlan = {
  readonly coinbase: Hex;
  /** Seconds after the parent. */
  readonly timestampStep: number;
  readonly hasNewOrigin: boolean;
  readonly termStep: number;
  readonly forced: readonly TransactionPlan[];
  readonly transactions: readonly TransactionPlan[];
};

/** A call on the state behind the last block. */
export type CallPlan = {
  readonly from: Hex;
  readonly to: Hex | null;
  readonly gas: bigint;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly gasPrice: bigint;
  readonly reportsAccess: boolean;
  /** What is assumed of some accounts. */
  readonly overrides: readonly (readonly [address: Hex, override: StateOverride])[];
};

/** The block to begin with. Its ancestors differ in their numbers only. */
export type StartPlan = {
  readonly number: number;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  readonly baseFeePerGas: bigint;
  readonly timestamp: bigint;
  readonly prevRandao: Hex;
};

/** A case as it is made and shrunk. */
export type CasePlan = {
  readonly accounts: readonly PlainAccount[];
  readonly start: StartPlan;
  readonly blocks: readonly BlockPlan[];
  readonly calls: readonly CallPlan[];
};

/** A case as it is run and stored. */
export type FuzzCase = Omit<CasePlan, "blocks"> & {
  readonly blocks: readonly (Omit<BlockPlan, "forced" | "transactions"> & {
    readonly forced: readonly Uint8Array[];
    readonly transactions: readonly Uint8Array[];
  })[];
};

/** Chain id of every case. */
export const fuzzChainId = 7_777n;

/** Signs the transactions, with nonces in order. */
export function concretize(plan: CasePlan): FuzzCase {
  const nonces = senderKeys.map(() => 0n);
  const sign = (transaction: TransactionPlan): Uint8Array => {
    const { sender, nonceShift, isSound, damage, ...fields } = transaction;
    const next = nonces[sender] ?? 0n;
    if (isSound) nonces[sender] = next + 1n;
    const nonce = BigInt.asUintN(64, next + nonceShift);
    return signTransaction({ ...fields, nonce }, senderKeys[sender] ?? new Uint8Array(32), damage);
  };
  return {
    ...plan,
    blocks: plan.blocks.map(({ forced, transactions, ...block }) => ({
      ...block,
      forced: forced.map(sign),
      transactions: transactions.map(sign),
    })),
  };
}
