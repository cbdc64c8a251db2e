/** The least gas limit with which a call succeeds. */
import type { Hex } from "@sequorum/protocol";
import type { AccountSummary, BlockHeader, CallRequest, CallResult } from "@sequorum/stf";
import type { EstimateResult } from "../ports.ts";

/** What estimating needs of an executor. */
export type Caller = {
  call(header: BlockHeader, request: CallRequest): Promise<CallResult>;
  account(stateRoot: Hex, address: Hex): Promise<AccountSummary>;
};

/** The search ends when the bounds are this close (1/64), as geth's does. */
const tolerance = 64n;
const attemptsMax = 32;

/** Tries with all the gas, then halves the interval between what failed and what succeeded. */
export async function estimate(
  executor: Caller,
  header: BlockHeader,
  request: CallRequest,
): Promise<EstimateResult> {
  const gasMax = await affordable(executor, header, request);
  const first = await executor.call(header, { ...request, gas: gasMax });
  if (first.type === "reverted") return { type: "reverted", data: first.data };
  if (first.type === "failed") return { type: "failed", reason: first.reason };
  let low = first.gasUsed - 1n;
  let high = gasMax;
  // 1/64 of the gas stays behind at each call (EIP-150), and 2,300 go with value: these guesses are usually enough
  const guesses = [first.gasUsed, ((first.gasUsed + 2_300n) * 64n) / 63n];
  for (let attempt = 0; attempt < attemptsMax && high - low > 1n; attempt++) {
    const guess = guesses.shift();
    if (guess === undefined && high - low < high / tolerance) break;
    const gas = guess ?? (low + high) / 2n;
    if (gas <= low || gas >= high) continue;
    const result = await executor.call(header, { ...request, gas });
    if (result.type === "returned") high = gas;
    else low = gas;
  }
  return { type: "estimated", gas: high };
}

/** Gas that the sender can pay for at the price it names. */
async function affordable(
  executor: Caller,
  header: BlockHeader,
  request: CallRequest,
): Promise<bigint> {
  const gas = request.gas ?? header.gasLimit;
  const price = request.gasPrice ?? 0n;
  if (price === 0n || request.from === undefined) return gas;
  const { balanceWei } = await executor.account(header.stateRoot, request.from);
  const left = balanceWei - (request.valueWei ?? 0n);
  const most = left > 0n ? left / price : 0n;
  return most < gas ? most : gas;
}
