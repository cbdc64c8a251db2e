/** Quorum arithmetic (ARCHITECTURE T1; Tendermint, arXiv 1807.04938 section 2). */
import { assert } from "./assert.ts";

/** Members needed for an endorsement quorum and shares for a signature: ceil(2n/3). */
export function quorum(memberCount: number): number {
  assert(Number.isInteger(memberCount) && memberCount > 0, "a pool has members", { memberCount });
  return Math.ceil((2 * memberCount) / 3);
}

/** Whether `power` is at least 2/3 of `total` (T1). */
export function hasQuorum(power: bigint, total: bigint): boolean {
  return total > 0n && 3n * power >= 2n * total;
}

/** Whether `power` is strictly more than 2/3 of `total` (Tendermint's 2f+1). */
export function hasByzantineQuorum(power: bigint, total: bigint): boolean {
  return total > 0n && 3n * power > 2n * total;
}

/** Whether `power` is strictly more than 1/3 of `total` (Tendermint's f+1). */
export function hasHonestMember(power: bigint, total: bigint): boolean {
  return total > 0n && 3n * power > total;
}
