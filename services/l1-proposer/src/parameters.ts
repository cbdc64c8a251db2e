// The core's limits and delays, from the operator's configuration and the network's parameters.

import type { NetworkConfig } from "@sequorum/protocol";
import type { L1ProposerConfig } from "./config.ts";
import type { Parameters } from "./core/state.ts";

const gwei = 10n ** 9n;
const mwei = 10n ** 6n;
const milliether = 10n ** 15n;
/** An older head is taken for the chain when it stays this long. */
const behindMsMax = 120_000;
/** Trouble with L1 becomes an alarm after this long. */
const unavailableMsMax = 30_000;
const gapFillAfterMs = 60_000;
const retryAfterMsMax = 30_000;

/** Puts the parameters together. */
export function toParameters(config: L1ProposerConfig, { parameters }: NetworkConfig): Parameters {
  const {
    fallbackBlocks,
    finalityDepth,
    inFlightMax,
    feeBumpAfterMs,
    rebroadcastAfterMs,
    retryAfterMs,
  } = config;
  return {
    fees: {
      maxFeePerGasWeiMax: BigInt(config.maxFeePerGasGwei) * gwei,
      priorityFeePerGasWeiMin: BigInt(config.priorityFeePerGasMwei) * mwei,
      bumpPerMille: config.feeBumpPerMille,
    },
    postingFallbackMs: parameters.postingFallbackMs,
    confirmationDepth: parameters.l1ConfirmationDepth,
    fallbackBlocks,
    finalityDepth,
    inFlightMax,
    feeBumpAfterMs,
    rebroadcastAfterMs,
    retryAfterMs,
    retryAfterMsMax,
    behindMsMax,
    unavailableMsMax,
    gapFillAfterMs,
    balanceWeiMin: BigInt(config.balanceMinMilliether) * milliether,
    gasLimitMax: BigInt(config.gasLimitMax),
  };
}
