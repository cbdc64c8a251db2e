/** Methods that simulate a call: eth_call, eth_estimateGas, eth_createAccessList. */
import { bytesToHex, type Hex } from "@sequorum/protocol";
import type { CallRequest } from "@sequorum/stf";
import type { BlockId } from "../../ports.ts";
import { type CallParams, callRequest, type StateOverrides } from "../call-params.ts";
import type { Context } from "../context.ts";
import { blockNotFound, busy, callFailure, type JsonRpcFailure, revertFailure } from "../errors.ts";
import { formatAccessList, formatQuantity } from "../format.ts";
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
  if (result.type === "busy") throw busy();
  if (result.type === "returned") return bytesToHex(result.data);
  throw failureOf(result);
}

/** eth_estimateGas */
export async function estimateGas(
  context: Context,
  [params, id, overrides]: CallArguments,
): Promise<Json> {
  const request = await requestAt(context, params, { id, overrides });
  const result = await context.executor.estimateGas(request, id);
  if (result === undefined) throw blockNotFound();
  if (result.type === "busy") throw busy();
  if (result.type === "estimated") return formatQuantity(result.gas);
  throw failureOf(result);
}

/** Runs until the list stops growing: a list changes gas, and gas may change the path (as geth's AccessList). */
const accessListRoundsMax = 4;

/** eth_createAccessList: the list, and the gas of the call with it; `error` when the call fails (EIP-2930). */
export async function createAccessList(
  context: Context,
  [params, id, overrides]: CallArguments,
): Promise<Json> {
  let request = await requestAt(context, params, { id, overrides });
  for (let round = 1; ; round++) {
    const result = await context.executor.call({ ...request, reportsAccess: true }, id);
    if (result === undefined) throw blockNotFound();
    if (result.type === "busy") throw busy();
    const listed = request.accessList ?? [];
    const accessList = union(listed, result.accessed ?? []);
    if (sizeOf(accessList) === sizeOf(listed) || round === accessListRoundsMax) {
      return {
        accessList: formatAccessList(accessList),
        gasUsed: formatQuantity(result.gasUsed),
        ...(result.type === "returned" ? {} : { error: failureOf(result).message }),
      };
    }
    request = { ...request, accessList };
  }
}

type AccessList = NonNullable<CallRequest["accessList"]>;

/** What is in either list: slots that are warm by the list itself are not reported as touched again. */
function union(a: AccessList, b: AccessList): AccessList {
  const slots = new Map<Hex, Set<Hex>>();
  for (const { address, storageKeys } of [...a, ...b]) {
    slots.set(address, new Set([...(slots.get(address) ?? []), ...storageKeys]));
  }
  return [...slots].map(([address, keys]) => ({ address, storageKeys: [...keys] }));
}

function sizeOf(list: AccessList): number {
  return list.reduce((size, { storageKeys }) => size + 1 + storageKeys.length, 0);
}

/** The call for the executor at a block. */
export async function requestAt(
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

type Failed =
  | { readonly type: "reverted"; readonly data: Uint8Array }
  | { readonly type: "failed"; readonly reason: string };

function failureOf(result: Failed): JsonRpcFailure {
  if (result.type === "reverted") return revertFailure(bytesToHex(result.data));
  return callFailure(result.reason);
}

function cappedGas(gas: bigint | undefined, gasMax: bigint): bigint | undefined {
  return gas !== undefined && gas > gasMax ? gasMax : gas;
}
