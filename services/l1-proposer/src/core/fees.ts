// EIP-1559 fees: what a transaction offers at first and as its own replacement. Rounded up: never below the rule.

import { assert } from "@sequorum/protocol";

/** What a transaction offers, in wei per gas. */
export type Fees = {
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
};

/** Limits of what is offered. */
export type FeePolicy = {
  /** Never more than this per gas. */
  readonly maxFeePerGasWeiMax: bigint;
  /** Never less than this to the block's builder. */
  readonly priorityFeePerGasWeiMin: bigint;
  /** Raise of each replacement, at least 12.5 % (125), the least that nodes take. */
  readonly bumpPerMille: number;
};

/** What L1 asks for. */
export type FeeMarket = { readonly baseFeeWei: bigint; readonly priorityFeeWei: bigint };

/** Offer for a new transaction: lasts for six full blocks (1.125^6 = 2.03); undefined when even the base fee is above the cap. */
export function initialFees(market: FeeMarket, policy: FeePolicy): Fees | undefined {
  const tip = max(market.priorityFeeWei, policy.priorityFeePerGasWeiMin);
  if (market.baseFeeWei + policy.priorityFeePerGasWeiMin > policy.maxFeePerGasWeiMax)
    return undefined;
  const maxFeePerGasWei = min(2n * market.baseFeeWei + tip, policy.maxFeePerGasWeiMax);
  return { maxFeePerGasWei, maxPriorityFeePerGasWei: min(tip, maxFeePerGasWei) };
}

/** Offer of a replacement: both fees raised, and to the market if that is higher; undefined when the cap forbids it. */
export function bumpedFees(last: Fees, market: FeeMarket, policy: FeePolicy): Fees | undefined {
  assert(policy.bumpPerMille >= 125, "nodes take no smaller raise", {
    policy: policy.bumpPerMille,
  });
  const leastFee = raise(last.maxFeePerGasWei, policy.bumpPerMille);
  const leastTip = raise(last.maxPriorityFeePerGasWei, policy.bumpPerMille);
  if (leastFee > policy.maxFeePerGasWeiMax) return undefined;
  const tip = max(leastTip, market.priorityFeeWei);
  const wanted = min(max(leastFee, 2n * market.baseFeeWei + tip), policy.maxFeePerGasWeiMax);
  return { maxFeePerGasWei: wanted, maxPriorityFeePerGasWei: min(tip, wanted) };
}

function raise(feeWei: bigint, perMille: number): bigint {
  return (feeWei * BigInt(1_000 + perMille) + 999n) / 1_000n;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
