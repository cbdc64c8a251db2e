// Why a contract would refuse a transaction: custom errors decoded with the ABIs of all our contracts.

import { type Abi, decodeErrorResult, type Hex, isHex } from "viem";
import { adminAbi } from "./abi/admin.ts";
import { ecdsaMultisigSchemeAbi } from "./abi/ecdsa-multisig-scheme.ts";
import { epochRegistryAbi } from "./abi/epoch-registry.ts";
import { forcedQueueAbi } from "./abi/forced-queue.ts";
import { frostSecp256k1SchemeAbi } from "./abi/frost-secp256k1-scheme.ts";
import { rollupChainAbi } from "./abi/rollup-chain.ts";
import { sequencerRegistryAbi } from "./abi/sequencer-registry.ts";
import { signatureSchemeAbi } from "./abi/signature-scheme.ts";
import { stakeVaultAbi } from "./abi/stake-vault.ts";
import { causes, type L1Client, toL1Error } from "./clients.ts";

/** A custom error; "UnknownRevert" when the data is none of our contracts' errors. */
export type Revert = { readonly name: string; readonly args: readonly unknown[] };

/** Result of simulating a call at the newest block. */
export type Simulation =
  | { readonly type: "success"; readonly gas: bigint }
  | { readonly type: "reverted"; readonly revert: Revert };

const errorsAbi: Abi = [
  rollupChainAbi,
  epochRegistryAbi,
  signatureSchemeAbi,
  frostSecp256k1SchemeAbi,
  ecdsaMultisigSchemeAbi,
  adminAbi,
  forcedQueueAbi,
  sequencerRegistryAbi,
  stakeVaultAbi,
].flatMap((abi: Abi) => abi.filter(({ type }) => type === "error"));

/** Runs a call against the newest block without sending it, and estimates its gas. Throws `L1UnavailableError`. */
export async function simulateCall(
  client: L1Client,
  call: { readonly from: Hex; readonly to: Hex; readonly data: Hex },
): Promise<Simulation> {
  const request = { account: call.from, to: call.to, data: call.data };
  try {
    await client.call(request);
    return { type: "success", gas: await client.estimateGas(request) };
  } catch (error) {
    const revert = decodeRevert(error);
    if (revert === undefined) throw toL1Error(error);
    return { type: "reverted", revert };
  }
}

/** The custom error behind a failed call; undefined when the call failed without being reverted. */
export function decodeRevert(error: unknown): Revert | undefined {
  const data = revertData(error);
  if (data === undefined) {
    const isRevert = causes(error).some(
      (cause) => cause instanceof Error && /revert/i.test(cause.message),
    );
    return isRevert ? { name: "UnknownRevert", args: [] } : undefined;
  }
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorsAbi, data });
    return { name: errorName, args: args ?? [] };
  } catch {
    return { name: "UnknownRevert", args: [data] };
  }
}

function revertData(error: unknown): Hex | undefined {
  for (const cause of causes(error)) {
    if (typeof cause !== "object" || cause === null || !("data" in cause)) continue;
    const { data } = cause;
    if (isHex(data) && data.length > 2) return data;
    if (typeof data === "object" && data !== null && "data" in data && isHex(data.data))
      return data.data;
  }
  return undefined;
}
