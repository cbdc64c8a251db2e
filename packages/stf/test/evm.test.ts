import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import { beaconRootsAddress, type ExecutedBlock } from "../src/index.ts";
import {
  addresses,
  asParent,
  deploying,
  inputs,
  newChain,
  originHash,
  transfer,
} from "./fixture.ts";

// SSTORE(0, SLOAD(0) + 1), LOG1(topic 0x2a), return the new value
const counter: Hex = "0x5f54600101805f55602a5f5fa15f5260205ff3";

async function deployed() {
  const chain = await newChain();
  const data = deploying(counter);
  const creation = transfer({ to: null, data, gasLimit: 1_000_000n, value: 0n });
  const first = chain.executor.applyBatchBlock(chain.genesis, inputs({ transactions: [creation] }));
  assert.equal(first.type, "executed");
  chain.store.commit(first as ExecutedBlock);
  const executed = first as ExecutedBlock;
  const contract = executed.receipts[0]?.contractAddress;
  assert.ok(contract);
  assert.equal(executed.receipts[0]?.status, 1);
  return { ...chain, executed, contract };
}

test("a contract keeps storage, logs, and answers calls that leave no trace", async () => {
  const { executor, executed, contract, store } = await deployed();
  const use = (nonce: bigint) => transfer({ nonce, to: contract, gasLimit: 100_000n, value: 0n });
  const given = inputs({ timestamp: 1_101n, transactions: [use(1n), use(2n)] });
  const second = executor.applyBatchBlock(asParent(executed), given);
  assert.equal(second.type, "executed");
  if (second.type !== "executed") return;
  store.commit(second);
  const { header } = second.block;
  assert.deepEqual(
    second.receipts.map(({ status, logs }) => [status, logs[0]?.topics.length]),
    [
      [1, 1],
      [1, 1],
    ],
  );
  assert.equal(executor.storage(header.stateRoot, contract, "0x00"), `0x${"0".repeat(63)}2`);
  for (let i = 0; i < 2; i++) {
    const result = executor.call(header, { to: contract });
    assert.equal(result.type === "returned" && bytesToHex(result.data), `0x${"0".repeat(63)}3`);
  }
  const slot: Hex = `0x${"0".repeat(64)}`;
  const overrides = { [contract]: { storage: { [slot]: `0x${"0".repeat(62)}09` as Hex } } };
  const result = executor.call(header, { to: contract, overrides });
  assert.equal(result.type === "returned" && bytesToHex(result.data), `0x${"0".repeat(63)}a`);
  assert.equal(bytesToHex(executor.code(header.stateRoot, contract)), counter);
  const proof = executor.proof(header.stateRoot, contract, ["0x00"]);
  assert.equal(proof.storageProof[0]?.value, 2n);
  assert.ok(proof.accountProof.length > 0);
});

test("a call reports what it touched when asked, and a listed slot is cheaper to touch", async () => {
  const { executor, executed, contract } = await deployed();
  const { header } = executed.block;
  const slot: Hex = `0x${"0".repeat(64)}`;
  const cold = executor.call(header, { to: contract, reportsAccess: true });
  assert.deepEqual(cold.accessed, [{ address: contract, storageKeys: [slot] }]);
  const warm = executor.call(header, { to: contract, accessList: cold.accessed });
  assert.equal(warm.accessed, undefined);
  // EIP-2930: 2,400 + 1,900 for the list; the first touch costs 100 instead of 2,100.
  assert.equal(warm.gasUsed - cold.gasUsed, 2_300n);
});

test("a contract reads the L1 origin's hash by timestamp through EIP-4788", async () => {
  const { executor, genesis, store } = await newChain();
  const first = executor.applyBatchBlock(genesis, inputs());
  assert.equal(first.type, "executed");
  if (first.type !== "executed") return;
  store.commit(first);
  const data = hexToBytes(`0x${1_100n.toString(16).padStart(64, "0")}`);
  const result = executor.call(first.block.header, { to: beaconRootsAddress, data });
  assert.equal(result.type === "returned" && bytesToHex(result.data), originHash);
});

test("BLOCKHASH walks the ancestors of the block's own branch", async () => {
  const { executor, genesis, store } = await newChain();
  let parent = genesis;
  for (let i = 0; i < 3; i++) {
    const made = executor.applyBatchBlock(parent, inputs({ timestamp: 1_100n + BigInt(i) }));
    if (made.type !== "executed") throw new Error(made.reason);
    store.commit(made);
    parent = asParent(made);
  }
  // PUSH1 0 BLOCKHASH, return it
  const overrides = { [addresses[7] ?? "0x"]: { code: hexToBytes("0x5f405f5260205ff3") } };
  const result = executor.call(parent.header, { to: addresses[7] ?? null, overrides });
  assert.equal(result.type === "returned" && bytesToHex(result.data), genesis.hash);
});

test("a call that reverts gives the data, one that runs out of gas says so", async () => {
  const { executor, genesis } = await newChain();
  const code = (hex: Hex) => ({ [addresses[7] ?? "0x"]: { code: hexToBytes(hex) } });
  const to = addresses[7] ?? null;
  const reverted = executor.call(genesis.header, {
    to,
    overrides: code("0x60aa5f5260205ffd"),
  });
  assert.equal(reverted.type === "reverted" && bytesToHex(reverted.data), `0x${"0".repeat(62)}aa`);
  const endless = { to, gas: 100_000n, overrides: code("0x5b5f56") };
  const failed = executor.call(genesis.header, endless);
  assert.deepEqual(failed, { type: "failed", reason: "out of gas", gasUsed: 100_000n });
});

test("a self-destruct in the transaction of its creation leaves no account behind", async () => {
  const { executor, genesis, store } = await newChain();
  const creation = transfer({
    to: null,
    data: hexToBytes("0x33ff"),
    gasLimit: 200_000n,
    value: 3n,
  });
  const made = executor.applyBatchBlock(genesis, inputs({ transactions: [creation] }));
  if (made.type !== "executed") throw new Error(made.reason);
  store.commit(made);
  const contract = made.receipts[0]?.contractAddress;
  assert.ok(contract);
  const account = executor.account(made.block.header.stateRoot, contract);
  assert.deepEqual(account, { nonce: 0n, balanceWei: 0n });
});
