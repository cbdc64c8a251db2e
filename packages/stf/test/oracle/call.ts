/** Calls that leave no trace (eth_call, eth_estimateGas). */
import { Account, createAddressFromString, setLengthLeft } from "@ethereumjs/util";
import type { MerkleStateManager } from "@ethereumjs/statemanager";
import type { Hex } from "@sequorum/protocol";
import { fromHex } from "./bytes.ts";
import { type MachineOptions, nativeBlock, openVm } from "./machine.ts";
import { openState } from "./state.ts";
import type { BlockHeader, CallRequest, CallResult, Transaction } from "../../src/types.ts";

const zeroAddress: Hex = `0x${"0".repeat(40)}`;

/** Runs the call on the state after `header`, as if in a block with that header. */
export async function runCall(
  options: MachineOptions,
  header: BlockHeader,
  request: CallRequest,
): Promise<CallResult> {
  const state = await openState(options.store, options.stateRoot, options.common);
  const vm = await openVm(state, options);
  await applyOverrides(state, request);
  const gas = request.gas ?? header.gasLimit;
  const data = request.data ?? new Uint8Array(0);
  const intrinsic = intrinsicGas(request, data);
  if (gas < intrinsic) return { type: "failed", reason: "intrinsic gas too low", gasUsed: gas };
  const caller = createAddressFromString(request.from ?? zeroAddress);
  const value = request.valueWei ?? 0n;
  const balance = (await state.getAccount(caller))?.balance ?? 0n;
  if (balance < value + gas * (request.gasPrice ?? 0n)) {
    return { type: "failed", reason: "insufficient funds for transfer", gasUsed: 0n };
  }
  const { journal } = vm.evm;
  if (request.reportsAccess === true) journal.startReportingAccessList();
  const free = warm(vm.evm, request, header);
  const result = await vm.evm.runCall({
    block: nativeBlock(header, options.common),
    caller,
    origin: caller,
    gasLimit: gas - intrinsic,
    gasPrice: request.gasPrice ?? 0n,
    value,
    data,
    ...(request.to == null ? {} : { to: createAddressFromString(request.to) }),
  });
  const { exceptionError, returnValue, executionGasUsed, gasRefund } = result.execResult;
  const spent = executionGasUsed + intrinsic;
  const refund = gasRefund ?? 0n;
  const gasUsed = spent - (refund < spent / 5n ? refund : spent / 5n); // EIP-3529
  const common = {
    gasUsed,
    ...(journal.accessList === undefined ? {} : { accessed: accessed(journal.accessList, free) }),
  };
  if (exceptionError === undefined) return { type: "returned", data: returnValue, ...common };
  if (exceptionError.error === "revert") return { type: "reverted", data: returnValue, ...common };
  return { type: "failed", reason: exceptionError.error, ...common };
}

/** Gas of a transaction before its execution: EIP-2028, EIP-2930, EIP-3860. */
export function intrinsicGas(request: CallRequest, data: Uint8Array): bigint {
  const isCreation = request.to == null;
  let gas = isCreation ? 53_000 : 21_000;
  for (const byte of data) gas += byte === 0 ? 4 : 16;
  if (isCreation) gas += 2 * Math.ceil(data.length / 32);
  for (const { storageKeys } of request.accessList ?? []) gas += 2_400 + 1_900 * storageKeys.length;
  return BigInt(gas);
}

type WarmSet = {
  readonly precompiles: ReadonlyMap<string, unknown>;
  readonly journal: {
    addAlwaysWarmAddress(address: string, addToAccessList?: boolean): void;
    addAlwaysWarmSlot(address: string, slot: string, addToAccessList?: boolean): void;
  };
};

/** EIP-2929, EIP-3651: what a transaction starts with as accessed; answers what is so without an access list. */
function warm(evm: WarmSet, request: CallRequest, header: BlockHeader): ReadonlySet<string> {
  const addresses = [request.from ?? zeroAddress, header.coinbase, request.to ?? undefined];
  for (const address of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(address);
  for (const address of addresses) {
    if (address !== undefined) evm.journal.addAlwaysWarmAddress(address.slice(2));
  }
  for (const { address, storageKeys } of request.accessList ?? []) {
    evm.journal.addAlwaysWarmAddress(address.slice(2));
    for (const key of storageKeys) evm.journal.addAlwaysWarmSlot(address.slice(2), key.slice(2));
  }
  const named = addresses.flatMap((address) => (address === undefined ? [] : [address.slice(2)]));
  return new Set([...evm.precompiles.keys(), ...named]);
}

function accessed(
  touched: ReadonlyMap<string, ReadonlySet<string>>,
  free: ReadonlySet<string>,
): Transaction["accessList"] {
  return [...touched]
    .filter(([address, slots]) => slots.size > 0 || !free.has(address))
    .map(([address, slots]) => ({
      address: `0x${address}`,
      storageKeys: [...slots].map((slot): Hex => `0x${slot}`),
    }));
}

async function applyOverrides(manager: MerkleStateManager, request: CallRequest): Promise<void> {
  for (const [hex, override] of Object.entries(request.overrides ?? {})) {
    const address = createAddressFromString(hex);
    const account = (await manager.getAccount(address)) ?? new Account();
    if (override.balanceWei !== undefined) account.balance = override.balanceWei;
    if (override.nonce !== undefined) account.nonce = override.nonce;
    await manager.putAccount(address, account);
    if (override.code !== undefined) await manager.putCode(address, override.code);
    for (const [slot, value] of Object.entries(override.storage ?? {})) {
      const key = setLengthLeft(fromHex(slot as Hex), 32);
      await manager.putStorage(address, key, fromHex(value));
    }
  }
}
