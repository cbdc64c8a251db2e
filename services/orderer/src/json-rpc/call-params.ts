/** Parsers of the call object and the state overrides of eth_call and its relatives. */
import { type Hex, hexToBytes, type Wei } from "@sequorum/protocol";
import type { CallRequest, StateOverride } from "@sequorum/stf";
import { invalidParams } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import {
  address,
  arrayOf,
  bytes,
  hash,
  member,
  object,
  type Parser,
  quantity,
  quantity64,
} from "./params.ts";

/** A call as the client wrote it; the fees become a gas price once the block is known. */
export type CallParams = {
  readonly from: Hex | undefined;
  readonly to: Hex | undefined;
  readonly gas: bigint | undefined;
  readonly gasPrice: Wei | undefined;
  readonly maxFeePerGas: Wei | undefined;
  readonly maxPriorityFeePerGas: Wei | undefined;
  readonly valueWei: Wei;
  readonly data: Hex;
  readonly accessList: AccessList;
};

/** State to assume in a call, by account. */
export type StateOverrides = Readonly<Record<Hex, StateOverride>>;

/** The transaction object of execution-apis ("GenericTransaction"); unknown members are ignored, as geth. */
export const callParams: Parser<CallParams> = (value, where) => {
  const call = object(value, where);
  refuse(call, "blobVersionedHashes", where);
  refuse(call, "authorizationList", where);
  const parsed = {
    from: member(call, "from", address),
    to: member(call, "to", address),
    gas: member(call, "gas", quantity64),
    gasPrice: member(call, "gasPrice", quantity),
    maxFeePerGas: member(call, "maxFeePerGas", quantity),
    maxPriorityFeePerGas: member(call, "maxPriorityFeePerGas", quantity),
    valueWei: member(call, "value", quantity) ?? 0n,
    data: callData(call, where),
    accessList: member(call, "accessList", accessList) ?? [],
  };
  checkFees(parsed, where);
  return parsed;
};

/** The call for the executor, in a block with this base fee. Without any fee the gas price is zero, as geth. */
export function callRequest(
  call: CallParams,
  baseFeePerGas: Wei,
  overrides: StateOverrides,
): CallRequest {
  const gasPrice = callGasPrice(call, baseFeePerGas);
  return {
    ...(call.from === undefined ? {} : { from: call.from }),
    ...(call.to === undefined ? {} : { to: call.to }),
    ...(call.gas === undefined ? {} : { gas: call.gas }),
    ...(gasPrice === undefined ? {} : { gasPrice }),
    valueWei: call.valueWei,
    data: hexToBytes(call.data),
    accessList: call.accessList,
    overrides,
  };
}

/** geth's state override set: address -> {balance, nonce, code, stateDiff}. */
export const stateOverrides: Parser<StateOverrides> = (value, where) => {
  const entries = Object.entries(object(value, where));
  if (entries.length > overriddenAccountsMax) {
    throw invalidParams(where, `more than ${overriddenAccountsMax} accounts`);
  }
  return Object.fromEntries(
    entries.map(([key, account]) => [
      address(key, where),
      stateOverride(account, `override of ${key}`),
    ]),
  );
};

type AccessList = NonNullable<CallRequest["accessList"]>;

const overriddenAccountsMax = 256;
const overriddenSlotsMax = 4_096;
const accessListEntriesMax = 1_024;

const accessListEntry: Parser<AccessList[number]> = (value, where) => {
  const entry = object(value, where);
  return {
    address: address(entry["address"], `${where}.address`),
    storageKeys: member(entry, "storageKeys", arrayOf(hash, accessListEntriesMax)) ?? [],
  };
};

const accessList = arrayOf(accessListEntry, accessListEntriesMax);

function callGasPrice(call: CallParams, baseFeePerGas: Wei): Wei | undefined {
  if (call.maxFeePerGas === undefined) return call.gasPrice;
  const price = baseFeePerGas + (call.maxPriorityFeePerGas ?? 0n);
  return price < call.maxFeePerGas ? price : call.maxFeePerGas;
}

/** `data` and `input` are the same thing under two names. */
function callData(call: JsonObject, where: string): Hex {
  const data = member(call, "data", bytes);
  const input = member(call, "input", bytes);
  if (data !== undefined && input !== undefined && data !== input) {
    throw invalidParams(where, 'both "data" and "input" are set and not equal');
  }
  return input ?? data ?? "0x";
}

function checkFees(call: CallParams, where: string): void {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = call;
  if (gasPrice !== undefined && (maxFeePerGas ?? maxPriorityFeePerGas) !== undefined) {
    throw invalidParams(
      where,
      "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
    );
  }
  if (maxFeePerGas !== undefined && (maxPriorityFeePerGas ?? 0n) > maxFeePerGas) {
    throw invalidParams(where, "maxFeePerGas is below maxPriorityFeePerGas");
  }
}

/** This chain takes no blob transactions (EIP-4844) and has no set-code transactions (EIP-7702, after Cancun). */
function refuse(call: JsonObject, key: string, where: string): void {
  const value = call[key];
  if (Array.isArray(value) && value.length > 0) {
    throw invalidParams(where, `${key} is not supported on this chain`);
  }
}

function stateOverride(value: unknown, where: string): StateOverride {
  const fields = object(value, where);
  if (fields["state"] !== undefined) {
    throw invalidParams(where, "state is not supported, use stateDiff");
  }
  const balanceWei = member(fields, "balance", quantity);
  const nonce = member(fields, "nonce", quantity64);
  const code = member(fields, "code", bytes);
  const storage = member(fields, "stateDiff", slots);
  return {
    ...(balanceWei === undefined ? {} : { balanceWei }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(code === undefined ? {} : { code: hexToBytes(code) }),
    ...(storage === undefined ? {} : { storage }),
  };
}

const slots: Parser<Readonly<Record<Hex, Hex>>> = (value, where) => {
  const entries = Object.entries(object(value, where));
  if (entries.length > overriddenSlotsMax)
    throw invalidParams(where, `more than ${overriddenSlotsMax} slots`);
  return Object.fromEntries(entries.map(([slot, word]) => [hash(slot, where), hash(word, where)]));
};
