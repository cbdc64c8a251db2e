/** Accounts of every sort for the tests of state/, and what must be true of every commit. */
import assert from "node:assert/strict";
import type { Harness } from "./state-harness.ts";
import {
  type Address,
  blank,
  type ModelAccount,
  ripemd,
  type State,
  stateOf,
} from "./state-model.ts";
import { hex } from "./trie-harness.ts";

export const addressOf = (first: number, last: number): Address =>
  `${first.toString(16).padStart(2, "0")}${"7".repeat(36)}${last.toString(16).padStart(2, "0")}`;
export const payer = addressOf(1, 1);
// as all of the same last byte, these share a place in the front cache
export const contract = addressOf(2, 1);
export const empty = addressOf(3, 1);
export const orphan = addressOf(4, 2);
export const absent = addressOf(5, 2);
export const absentToo = addressOf(6, 3);
export const addresses = [payer, contract, empty, orphan, absent, absentToo, ripemd];

/** The first three share a place in the front cache. */
export const keys = [1n, 1n + 2n ** 64n, 1n + 2n ** 200n, 5n, 2n ** 256n - 1n];
export const codes = ["", "00", "6001600055", "5b".repeat(100)];

export const account = (fields: Partial<ModelAccount>): ModelAccount => ({
  ...blank(),
  exists: true,
  ...fields,
  hadStorage: (fields.storage?.size ?? 0) > 0,
});

/** Storage large enough that paths have branches and extensions. */
export const wideStorage = () =>
  new Map([
    ...Array.from({ length: 16 }, (_, i) => [1_000n + BigInt(i), BigInt(i + 1)] as const),
    [keys[0] ?? 0n, 7n] as const,
    [keys[3] ?? 0n, 2n ** 255n] as const,
  ]);

/** Some accounts of every sort, and others around them. */
export function someAccounts(): Map<Address, ModelAccount> {
  const others = Array.from(
    { length: 12 },
    (_, i) => [addressOf(100 + i, i), account({ nonce: BigInt(i), balance: 10n })] as const,
  );
  return new Map<Address, ModelAccount>([
    ...others,
    [payer, account({ nonce: 3n, balance: 10n ** 20n })],
    [contract, account({ nonce: 1n, code: codes[2] ?? "", storage: wideStorage() })],
    [empty, account({})],
    [orphan, account({ storage: new Map([[keys[1] ?? 0n, 9n]]) })],
    [ripemd, account({})],
  ]);
}

export const codesOf = (accounts: ReadonlyMap<Address, ModelAccount>) =>
  new Set([...accounts.values()].map(({ code }) => code));

/** Commits; the state must be that of `accounts`, made of nodes there before and of those emitted, and no others. */
export async function expectState(
  state: Harness,
  accounts: ReadonlyMap<Address, ModelAccount>,
  before: State,
): Promise<{ readonly after: State; readonly emittedCodes: readonly string[] }> {
  const { root, nodes, codes: emitted } = state.commit();
  const after = await stateOf(accounts);
  assert.equal(hex(root), hex(after.root));
  const emittedNodes = new Set(nodes.map(({ hash }) => hash));
  for (const hash of after.nodes.keys()) {
    assert(before.nodes.has(hash) || emittedNodes.has(hash), "the state's nodes are known");
  }
  for (const hash of emittedNodes) {
    assert(after.nodes.has(hash), "what is emitted belongs to the state");
  }
  if (hex(before.root) === hex(after.root)) assert.equal(nodes.length, 0);
  return { after, emittedCodes: emitted.map(({ hash }) => hash) };
}
