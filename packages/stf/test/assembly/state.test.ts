import assert from "node:assert/strict";
import { test } from "node:test";
import { Harness } from "./state-harness.ts";
import {
  type Address,
  codeHashOf,
  Model,
  type ModelAccount,
  type ModelLog,
  ripemd,
  type State,
  stateOf,
} from "./state-model.ts";
import {
  absent,
  absentToo,
  account,
  addresses,
  addressOf,
  codes,
  codesOf,
  contract,
  empty,
  expectState,
  keys,
  orphan,
  payer,
  someAccounts,
  wideStorage,
} from "./state-world.ts";
import { hex } from "./trie-harness.ts";

const state = await Harness.create();

/** A run on `accounts`, its first transaction begun. */
async function begin(accounts = someAccounts()): Promise<State> {
  const before = await stateOf(accounts);
  state.begin(before, codesOf(accounts));
  state.beginTransaction();
  return before;
}

const nextTransaction = () => {
  state.endTransaction();
  state.beginTransaction();
};

test("the original value is the one at the start of the transaction, in each transaction of a block", async () => {
  await begin();
  const [key = 0n] = keys;
  const seen = () => state.see(contract, [key]).slots[0]?.slice(0, 2);
  state.setSlot(contract, key, 8n);
  state.setSlot(contract, key, 9n);
  assert.deepEqual(seen(), [9n, 7n]);
  nextTransaction();
  assert.deepEqual(seen(), [9n, 9n]);
  const mark = state.checkpoint();
  state.setSlot(contract, key, 10n);
  assert.deepEqual(seen(), [10n, 9n]);
  state.revertTo(mark);
  assert.deepEqual(seen(), [9n, 9n]);
  nextTransaction();
  nextTransaction();
  state.setSlot(contract, key, 7n);
  assert.deepEqual(seen(), [7n, 9n]);
});

test("what a reverted call made warm is cold again, and is still listed as accessed", async () => {
  await begin();
  const [key = 0n] = keys;
  assert.equal(state.warmAccount(payer), false);
  const mark = state.checkpoint();
  assert.equal(state.warmAccount(payer), true);
  assert.equal(state.warmAccount(contract), false);
  assert.equal(state.warmSlot(contract, key), false);
  assert.equal(state.warmSlot(contract, key), true);
  state.revertTo(mark);
  assert.equal(state.warmAccount(payer), true);
  assert.equal(state.warmSlot(contract, key), false);
  assert.equal(state.warmAccount(contract), false);
  const accessed = [
    { address: payer, keys: [] },
    { address: contract, keys: [key] },
  ];
  assert.deepEqual(state.accessed, accessed);
  state.endTransaction();
  assert.deepEqual(state.accessed, accessed);
  state.beginTransaction();
  assert.deepEqual(state.accessed, []);
  state.warmSlot(contract, 5n);
  state.warmSlot(contract, key);
  state.warmAccount(payer);
  const others = [
    { address: contract, keys: [5n, key] },
    { address: payer, keys: [] },
  ];
  assert.deepEqual(state.accessed, others);
  nextTransaction();
  assert.equal(state.warmSlot(contract, 5n), false);
  assert.deepEqual(state.accessed, [{ address: contract, keys: [5n] }]);
  nextTransaction();
  state.warmAccount(contract);
  assert.deepEqual(state.accessed, [{ address: contract, keys: [] }]);
});

test("transient storage is reverted, and gone in the next transaction", async () => {
  const before = await begin();
  const [key = 0n] = keys;
  const transient = (address: Address) => state.see(address, [key]).slots[0]?.[2];
  state.setTransient(contract, key, 1n);
  const mark = state.checkpoint();
  state.setTransient(contract, key, 2n);
  state.setTransient(absent, key, 3n);
  assert.deepEqual([transient(contract), transient(absent)], [2n, 3n]);
  state.revertTo(mark);
  assert.deepEqual([transient(contract), transient(absent)], [1n, 0n]);
  assert.equal(state.see(contract, [key]).slots[0]?.[0], 7n);
  nextTransaction();
  assert.equal(transient(contract), 0n);
  const next = state.checkpoint();
  state.setTransient(contract, key, 4n);
  assert.equal(transient(contract), 4n);
  state.revertTo(next);
  assert.equal(transient(contract), 0n);
  state.endTransaction();
  await expectState(state, someAccounts(), before);
});

test("an empty account that was touched is removed with its storage; one that was not touched stays", async () => {
  const before = await begin();
  state.touch(orphan);
  state.addBalance(ripemd, 0n);
  state.touch(absent);
  state.warmAccount(empty);
  state.warmSlot(empty, 1n);
  assert.equal(state.see(empty, []).exists, true);
  state.endTransaction();
  assert.equal(state.see(orphan, keys).exists, false);
  assert.equal(state.see(orphan, keys).isCollision, false);
  const accounts = someAccounts();
  accounts.delete(orphan);
  accounts.delete(ripemd);
  await expectState(state, accounts, before);
});

test("a touch that is reverted removes nothing, except that of 0x03 (block 2,675,119 of the main net)", async () => {
  const accounts = someAccounts();
  const identity = "4".padStart(40, "0");
  accounts.set(identity, account({}));
  const before = await begin(accounts);
  const mark = state.checkpoint();
  for (const address of [empty, ripemd, identity, absent]) state.touch(address);
  state.revertTo(mark);
  state.endTransaction();
  accounts.delete(ripemd);
  await expectState(state, accounts, before);
});

test("a reverted touch of 0x03 has no effect in the next transaction, nor when it does not exist or is not empty", async () => {
  const accounts = someAccounts();
  accounts.delete(ripemd);
  const before = await begin(accounts);
  const touchInVain = () => {
    const mark = state.checkpoint();
    state.touch(ripemd);
    state.revertTo(mark);
  };
  touchInVain();
  nextTransaction();
  assert.equal(state.see(ripemd, []).exists, false);
  touchInVain();
  state.addBalance(ripemd, 5n);
  state.endTransaction();
  accounts.set(ripemd, account({ balance: 5n }));
  await expectState(state, accounts, before);
});

test("E6780 a contract destroyed in the transaction that created it goes with nonce, balance, code and storage", async () => {
  const before = await begin();
  const [key = 0n] = keys;
  state.addBalance(absent, 3n);
  state.create(absent);
  state.setSlot(absent, key, 5n);
  state.setCode(absent, "6001");
  state.selfDestruct(absent, payer);
  // it lives on to the end of the transaction, and what it gets until then is lost
  state.addBalance(absent, 11n);
  assert.equal(state.see(absent, [key]).nonce, 1n);
  assert.equal(state.see(absent, [key]).slots[0]?.[0], 5n);
  assert.equal(state.see(absent, [key]).isCollision, true);
  nextTransaction();
  assert.deepEqual(state.see(absent, [key]), new Model(new Map()).see(absent, [key]));
  // and can be created anew
  state.create(absent);
  assert.equal(state.see(absent, [key]).slots[0]?.[0], 0n);
  state.setSlot(absent, keys[1] ?? 0n, 6n);
  state.endTransaction();
  const accounts = someAccounts();
  accounts.set(payer, account({ nonce: 3n, balance: 10n ** 20n + 3n }));
  accounts.set(absent, account({ nonce: 1n, storage: new Map([[keys[1] ?? 0n, 6n]]) }));
  const { emittedCodes } = await expectState(state, accounts, before);
  assert.deepEqual(emittedCodes, []);
});

test("E6780 an account created in an earlier transaction only sends its balance; to itself, it keeps it", async () => {
  const before = await begin();
  state.create(absent);
  state.addBalance(absent, 8n);
  nextTransaction();
  state.selfDestruct(absent, absent);
  assert.equal(state.see(absent, []).balance, 8n);
  nextTransaction();
  state.selfDestruct(absent, absentToo);
  state.endTransaction();
  const accounts = someAccounts();
  accounts.set(absent, account({ nonce: 1n }));
  accounts.set(absentToo, account({ balance: 8n }));
  await expectState(state, accounts, before);
});

test("E6780 a new contract that names itself burns its balance", async () => {
  const before = await begin();
  state.create(absent);
  state.addBalance(absent, 8n);
  state.selfDestruct(absent, absent);
  assert.equal(state.see(absent, []).balance, 0n);
  state.endTransaction();
  await expectState(state, someAccounts(), before);
});

test("a reverted SELFDESTRUCT destroys nothing, also when an earlier one stands, and a reverted creation is none", async () => {
  const before = await begin();
  state.create(absent);
  const first = state.checkpoint();
  state.selfDestruct(absent, payer);
  state.revertTo(first);
  state.create(absentToo);
  state.selfDestruct(absentToo, payer);
  const second = state.checkpoint();
  state.selfDestruct(absentToo, payer);
  state.revertTo(second);
  const third = state.checkpoint();
  state.create(empty);
  state.revertTo(third);
  state.addBalance(empty, 1n);
  state.selfDestruct(empty, empty);
  state.endTransaction();
  const accounts = someAccounts();
  accounts.set(absent, account({ nonce: 1n }));
  accounts.set(empty, account({ balance: 1n }));
  await expectState(state, accounts, before);
});

test("nothing can be created where there is a nonce, code or storage (EIP-684, EIP-7610)", async () => {
  await begin();
  const collides = (address: Address) => state.see(address, []).isCollision;
  assert.deepEqual(addresses.map(collides), [true, true, false, true, false, false, false]);
  state.addBalance(absent, 1n);
  assert.equal(collides(absent), false);
  const mark = state.checkpoint();
  state.setCode(absent, "00");
  assert.equal(collides(absent), true);
  state.revertTo(mark);
  state.setNonce(absent, 1n);
  assert.equal(collides(absent), true);
});

test("what is written and equal to the state changes no root and emits no node", async () => {
  const before = await begin();
  const [key = 0n, absentKey = 0n] = keys;
  state.setSlot(contract, key, 8n);
  state.setSlot(contract, absentKey, 8n);
  state.setBalance(payer, 0n);
  nextTransaction();
  state.setSlot(contract, key, 7n);
  state.setSlot(contract, absentKey, 0n);
  state.setBalance(payer, 10n ** 20n);
  state.endTransaction();
  await expectState(state, someAccounts(), before);
});

test("a slot set to 0 leaves the trie, and the last one leaves it empty", async () => {
  const before = await begin();
  const accounts = someAccounts();
  for (const key of wideStorage().keys()) state.setSlot(contract, key, 0n);
  state.endTransaction();
  accounts.set(contract, account({ nonce: 1n, code: codes[2] ?? "" }));
  await expectState(state, accounts, before);
});

test("a new code is emitted once, one that was read never, one that nobody has any more not either", async () => {
  const before = await begin();
  assert.equal(state.code(contract), codes[2]);
  for (const address of [absent, absentToo, empty]) state.setCode(address, "60ff");
  assert.equal(state.codeRecord(absent), state.codeRecord(empty));
  state.setCode(orphan, codes[2] ?? "");
  assert.equal(state.codeRecord(orphan), state.codeRecord(contract));
  const mark = state.checkpoint();
  state.setCode(payer, "6011");
  state.revertTo(mark);
  assert.equal(state.code(payer), "");
  state.create(addressOf(9, 9));
  state.setCode(addressOf(9, 9), "6022");
  state.selfDestruct(addressOf(9, 9), payer);
  state.endTransaction();
  const accounts = someAccounts();
  for (const address of [absent, absentToo, empty])
    accounts.set(address, account({ code: "60ff" }));
  accounts.set(orphan, {
    ...account({ code: codes[2] ?? "", storage: new Map([[keys[1] ?? 0n, 9n]]) }),
  });
  const { emittedCodes } = await expectState(state, accounts, before);
  assert.deepEqual(emittedCodes, [codeHashOf("60ff")]);
});

test("without a store the root is the same and nothing is emitted", async () => {
  await begin();
  state.setCode(absent, "60ff");
  state.setSlot(contract, 99n, 1n);
  state.endTransaction();
  const { root, nodes, codes: emitted } = state.commit(false);
  assert.deepEqual([nodes.length, emitted.length], [0, 0]);
  const accounts = someAccounts();
  accounts.set(absent, account({ code: "60ff" }));
  accounts.get(contract)?.storage.set(99n, 1n);
  assert.equal(hex(root), hex((await stateOf(accounts)).root));
});

test("genesis: what is set without a transaction is committed, empty accounts too", async () => {
  const none = new Map<Address, ModelAccount>();
  const before = await stateOf(none);
  state.begin(before, []);
  state.touch(empty);
  state.setCode(contract, "6001");
  state.setSlot(contract, 1n, 2n);
  const accounts = new Map([
    [empty, account({})],
    [contract, account({ code: "6001", storage: new Map([[1n, 2n]]) })],
  ]);
  await expectState(state, accounts, before);
});

test("logs and refunds are reverted, and those of a transaction are readable until the next starts", async () => {
  await begin();
  const log = (data: string): ModelLog => ({ address: payer, topics: [1n, 2n], data });
  let mark = state.checkpoint();
  state.log(log("01"));
  state.addRefund(4_800n);
  state.revertTo(mark);
  assert.deepEqual([state.logs, state.refund], [[], 0n]);
  state.log(log("02"));
  state.addRefund(4_800n);
  mark = state.checkpoint();
  state.log(log("03"));
  state.log(log("04"));
  state.addRefund(-4_800n);
  assert.equal(state.refund, 0n);
  state.revertTo(mark);
  state.log(log("05"));
  state.endTransaction();
  assert.deepEqual([state.logs, state.refund], [[log("02"), log("05")], 4_800n]);
  state.beginTransaction();
  assert.deepEqual([state.logs, state.refund], [[], 0n]);
});

test("nothing is read to tell whether an account or a slot is warm", async () => {
  await begin();
  const [key = 0n] = keys;
  assert.deepEqual([state.warmSlot(contract, key), state.warmAccount(orphan)], [false, false]);
  assert.equal(state.reads.size, 0);
  assert.equal(state.slot(contract, key)[0], 7n);
  assert.equal(state.see(orphan, []).exists, true);
});

test("a run starts afresh whatever state the one before was left in", async () => {
  await begin();
  const [key = 0n] = keys;
  state.warmSlot(contract, key);
  state.setSlot(contract, key, 1n);
  state.setTransient(contract, key, 1n);
  state.log({ address: payer, topics: [], data: "" });
  state.addRefund(1n);
  state.touch(ripemd);
  state.setCode(absent, "6001");
  const before = await stateOf(someAccounts());
  state.begin(before, codesOf(someAccounts()));
  const model = new Model(someAccounts());
  for (const address of addresses) {
    assert.deepEqual(state.see(address, keys), model.see(address, keys));
  }
  assert.deepEqual([state.refund, state.logs, state.accessed], [0n, [], []]);
  state.endTransaction();
  await expectState(state, someAccounts(), before);
});
