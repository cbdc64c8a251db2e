/** Reads single values of a state. */
import { getMerkleStateProof } from "@ethereumjs/statemanager";
import { createAddressFromString, setLengthLeft } from "@ethereumjs/util";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import { fromHex, toHex } from "./bytes.ts";
import type { Common } from "./common.ts";
import { openState, readAccount } from "./state.ts";
import type { AccountProof, AccountSummary, StateStore } from "./types.ts";

type Deps = { readonly store: StateStore; readonly common: Common };

/** Nonce and balance under a root. */
export async function readState(deps: Deps, root: Hex, address: Hex): Promise<AccountSummary> {
  const { manager } = await openState(deps.store, root, deps.common);
  return readAccount(manager, address);
}

/** Code of an account; empty when it has none. */
export async function readCode(deps: Deps, root: Hex, address: Hex): Promise<Uint8Array> {
  const { manager } = await openState(deps.store, root, deps.common);
  return manager.getCode(createAddressFromString(address));
}

/** One storage slot, 32 bytes. */
export async function readStorage(
  deps: Deps,
  { root, address, slot }: { root: Hex; address: Hex; slot: Hex },
): Promise<Hex> {
  const { manager } = await openState(deps.store, root, deps.common);
  const key = setLengthLeft(fromHex(slot), 32);
  return toHex(setLengthLeft(await manager.getStorage(createAddressFromString(address), key), 32));
}

/** EIP-1186 proof. */
export async function readProof(
  deps: Deps,
  { root, address, slots }: { root: Hex; address: Hex; slots: readonly Hex[] },
): Promise<AccountProof> {
  const { manager } = await openState(deps.store, root, deps.common);
  const keys = slots.map((slot) => setLengthLeft(fromHex(slot), 32));
  const proof = await getMerkleStateProof(manager, createAddressFromString(address), keys);
  return {
    address,
    balanceWei: BigInt(proof.balance),
    nonce: BigInt(proof.nonce),
    codeHash: lower(proof.codeHash),
    storageHash: lower(proof.storageHash),
    accountProof: proof.accountProof.map(lower),
    storageProof: proof.storageProof.map(({ key, value, proof: nodes }) => ({
      key: lower(key),
      value: BigInt(value),
      proof: nodes.map(lower),
    })),
  };
}

function lower(hex: string): Hex {
  return toHex(hexToBytes(hex));
}
