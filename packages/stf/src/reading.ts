/** Runs of the module's entry `read`: single values of a state. */
import { assert, type Hex } from "@sequorum/protocol";
import { outputAccount, outputProofNode, outputSlot } from "../assembly/interface.ts";
import { fixedBytes, fromHex, toHex } from "./bytes.ts";
import { MissingContent, type ModuleHost } from "./module.ts";
import { decodeAccount, decodeSlot, type ReadAccount } from "./results.ts";
import { readTask } from "./tasks.ts";
import type { AccountProof, AccountSummary, StateStore } from "./types.ts";

/** keccak256 of nothing: the code hash of an account without code. */
const emptyCodeHash: Hex = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

/** Nonce and balance under a root. */
export function readAccount(host: ModuleHost, root: Hex, address: Hex): AccountSummary {
  const { nonce, balanceWei } = read(host, { root, address }).account;
  return { nonce, balanceWei };
}

/** Code of an account; empty when it has none. */
export function readCode(
  { host, store }: { readonly host: ModuleHost; readonly store: StateStore },
  root: Hex,
  address: Hex,
): Uint8Array {
  const { codeHash } = read(host, { root, address }).account;
  if (codeHash === emptyCodeHash) return new Uint8Array(0);
  const code = store.get(fromHex(codeHash));
  if (code === undefined) throw new MissingContent(codeHash);
  return code.slice();
}

/** One storage slot, 32 bytes. */
export function readStorage(
  host: ModuleHost,
  { root, address, slot }: { root: Hex; address: Hex; slot: Hex },
): Hex {
  const [found] = read(host, { root, address, slots: [slot] }).slots;
  return word(found?.value ?? 0n);
}

/** EIP-1186 proof. */
export function readProof(
  host: ModuleHost,
  { root, address, slots }: { root: Hex; address: Hex; slots: readonly Hex[] },
): AccountProof {
  const {
    account,
    accountProof,
    slots: found,
  } = read(host, {
    root,
    address,
    slots,
    withProof: true,
  });
  return {
    address,
    ...account,
    accountProof,
    storageProof: found.map(({ key, value, proof }) => ({ key: word(key), value, proof })),
  };
}

type Read = {
  readonly account: ReadAccount;
  readonly accountProof: readonly Hex[];
  readonly slots: readonly {
    readonly key: bigint;
    readonly value: bigint;
    readonly proof: readonly Hex[];
  }[];
};

function read(
  host: ModuleHost,
  {
    root,
    address,
    slots = [],
    withProof = false,
  }: { root: Hex; address: Hex; slots?: readonly Hex[]; withProof?: boolean },
): Read {
  host.run("read", { task: readTask(root, address, { slots, withProof }) });
  let account: ReadAccount | undefined;
  const accountProof: Hex[] = [];
  const found: { key: bigint; value: bigint; proof: Hex[] }[] = [];
  // proof nodes follow what they prove
  for (const { kind, bytes } of host.outputs.all()) {
    if (kind === outputAccount) account = decodeAccount(bytes);
    else if (kind === outputSlot) found.push({ ...decodeSlot(bytes), proof: [] });
    else if (kind === outputProofNode) (found.at(-1)?.proof ?? accountProof).push(toHex(bytes));
  }
  assert(account !== undefined, "a read tells the account");
  return { account, accountProof, slots: found };
}

function word(value: bigint): Hex {
  return toHex(fixedBytes(value, 32));
}
