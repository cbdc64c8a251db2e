/** Methods that simulate a call: eth_call, eth_estimateGas. */
import { bytesToHex, unreachable } from "@sequorum/protocol";
import type { CallRequest } from "@sequorum/stf";
import type { BlockId } from "../../ports.ts";
import { type CallParams, callRequest, type StateOverrides } from "../call-params.ts";
import type { Context } from "../context.ts";
import { blockNotFound, busy, callFailure, revertFailure } from "../errors.ts";
import { formatQuantity } from "../format.ts";
import type { Json } from "../json.ts";

/** Parameters of a simulated call. */
export type CallArguments = readonly [CallParams, BlockId, StateOverrides];

/** eth_call */
export async function call(
  context: Context,
  [params, id, overrides]: CallArguments,
): Promise<Json> {
  const request = await requestAt(context, params, { id, overrides });
  const result = await context.executor.call(request, id);
  if (result === undefined) throw blockNotFound();
  switch (result.type) {
    case "returned":
      return bytesToHex(result.data);
    case "reverted":
      throw revertFailure(bytesToHex(result.data));
    case "failed":
      throw callFailure(result.reason);
    case "busy":
      throw busy();
    default:
      return unreachable(result);
  }
}

/** eth_estimateGas */
export async function estimateGas(
  context: Context,
  [params, id, overrides]: CallArguments,
): Promise<Json> {
  const request = await requestAt(context, params, { id, overrides });
  const result = await context.executor.estimateGas(request, id);
  if (result === undefined) throw blockNotFound();
  switch (result.type) {
    case "estimated":
      return formatQuantity(result.gas);
    case "reverted":
      throw revertFailure(bytesToHex(result.data));
    case "failed":
      throw callFailure(result.reason);
    case "busy":
      throw busy();
    default:
      return unreachable(result);
  }
}

async function requestAt(
  context: Context,
  wanted: CallParams,
  { id, overrides }: { readonly id: BlockId; readonly overrides: StateOverrides },
): Promise<CallRequest> {
  const { reader, limits } = context;
  const params = { ...wanted, gas: cappedGas(wanted.gas, limits.callGasMax) };
  if (params.maxFeePerGas === undefined) return callRequest(params, 0n, overrides);
  const stored = await reader.block(id);
  if (stored === undefined) throw blockNotFound();
  const { baseFeePerGas } = stored.block.header;
  if (params.maxFeePerGas !== 0n && params.maxFeePerGas < baseFeePerGas) {
    throw callFailure(
      `max fee per gas less than block base fee: maxFeePerGas: ${params.maxFeePerGas}, baseFee: ${baseFeePerGas}`,
    );
  }
  return callRequest(params, baseFeePerGas, overrides);
}

function cappedGas(gas: bigint | undefined, gasMax: bigint): bigint | undefined {
  return gas !== undefined && gas > gasMax ? gasMax : gas;
}
