/** What the executor adds to blocks and calls: traces, batches, senders of other threads, content that is missing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesToHex,
  encodeBatch,
  type Hex,
  hexToBytes,
  keccak256,
  publicKeyToAddress,
  privateKeyToPublicKey,
} from "@sequorum/protocol";
import {
  type BuiltBlock,
  createCachedStateStore,
  createExecutor,
  type ExecutedBlock,
  MissingContent,
  type NotIncludable,
  type TraceOptions,
} from "../src/index.ts";
import {
  addresses,
  asParent,
  chainId,
  deploying,
  inputs,
  keys,
  newChain,
  transfer,
} from "./fixture.ts";

// SSTORE(0, SLOAD(0) + 1), LOG1(topic 0x2a), return the new value
const counter: Hex = "0x5f54600101805f55602a5f5fa15f5260205ff3";
const zeroSlot: Hex = `0x${"0".repeat(64)}`;
const traceBytesMax = 1 << 20;

function executed<T extends ExecutedBlock>(result: T | NotIncludable): T {
  if (result.type === "notIncludable") throw new Error(`${result.reason} ${result.transaction}`);
  return result;
}

const wordOf = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;

/** A chain with a counter deployed, and a block on it that uses the counter twice. */
async function counted() {
  const chain = await newChain();
  const { executor, genesis, store } = chain;
  const data = deploying(counter);
  const creation = transfer({ to: null, data, gasLimit: 1_000_000n, value: 0n });
  const first = executed(executor.applyBatchBlock(genesis, inputs({ transactions: [creation] })));
  store.commit(first);
  const contract = first.receipts[0]?.contractAddress;
  assert.ok(contract);
  const use = (nonce: bigint) => transfer({ nonce, to: contract, gasLimit: 100_000n, value: 0n });
  const given = inputs({
    timestamp: 1_101n,
    transactions: [use(1n), use(2n), transfer({ from: 3, to: contract, gasLimit: 22_000n })],
  });
  const second = executed(executor.applyBatchBlock(asParent(first), given));
  store.commit(second);
  return { ...chain, contract, first, second, given };
}

test("a call's trace lists its instructions with what they found and what they cost", async () => {
  const { executor, second, contract } = await counted();
  const { header } = second.block;
  const request = { to: contract, gas: 100_000n };
  const plain = executor.call(header, request);
  const traced = executor.call(header, { ...request, trace: { traceBytesMax } });
  const { trace, ...rest } = traced;
  assert.deepEqual(rest, plain, "tracing changes nothing");
  assert.ok(trace !== undefined && trace.leftOut === 0);
  const shown = trace.steps.map(({ programCounter, opcode, stack }) => [
    programCounter,
    opcode,
    stack,
  ]);
  assert.deepEqual(shown.slice(0, 7), [
    [0, 0x5f, []], // PUSH0
    [1, 0x54, [0n]], // SLOAD
    [2, 0x60, [2n]], // PUSH1 1
    [4, 0x01, [2n, 1n]], // ADD
    [5, 0x80, [3n]], // DUP1
    [6, 0x5f, [3n, 3n]], // PUSH0
    [7, 0x55, [3n, 3n, 0n]], // SSTORE
  ]);
  const [sload, sstore] = [trace.steps[1], trace.steps[6]];
  assert.equal(trace.steps[0]?.gas, 79_000n);
  assert.equal(sload?.gasCost, 2_100n);
  assert.equal(sstore?.gasCost, 2_900n);
  assert.equal(trace.steps.at(-1)?.opcode, 0xf3);
  const spent = trace.steps.reduce((sum, { gasCost }) => sum + gasCost, 0n);
  assert.equal(21_000n + spent, traced.gasUsed);
  assert.ok(trace.steps.every((step) => step.depth === 1 && !("memory" in step)));
});

test("a trace shows memory when asked, why an instruction failed, and no more than its bound", async () => {
  const { executor, second } = await counted();
  const { header } = second.block;
  const target = addresses[7] ?? "0x";
  const traceOf = (code: Hex, options: TraceOptions) => {
    const overrides = { [target]: { code: hexToBytes(code) } };
    return executor.call(header, { to: target, gas: 30_000n, overrides, trace: options }).trace;
  };
  // MSTORE8(1, 0xaa), INVALID
  const failing = traceOf("0x60aa600153fe", { withMemory: true, traceBytesMax });
  const last = failing?.steps.at(-1);
  assert.equal(last?.error, "invalid opcode");
  const memory = new Uint8Array(32);
  memory[1] = 0xaa;
  assert.deepEqual(last?.memory, memory);
  assert.equal(failing?.steps[0]?.memory?.length, 0);
  // JUMPDEST, PUSH0, JUMP, again and again
  const endless = traceOf("0x5b5f56", { traceBytesMax: 1_000 });
  assert.ok(endless !== undefined);
  assert.ok(endless.steps.length > 10 && endless.steps.length < 100);
  assert.ok(endless.leftOut > 1_000);
  const few = traceOf("0x5b5f56", { traceBytesMax, traceStepsMax: 5 });
  assert.equal(few?.steps.length, 5);
  assert.equal((few?.leftOut ?? 0) + 5, endless.steps.length + endless.leftOut);
});

test("the trace of a block's transaction is that of its execution there", async () => {
  const { executor, first, second, given, store } = await counted();
  const { originNumber, originTime } = given;
  const derived = { originNumber, originTime, forcedEntries: [], traceBytesMax };
  const parent = asParent(first);
  for (const [index, expected] of [
    [0, 0n],
    [1, 1n],
  ] as const) {
    const traced = executor.traceTransaction(parent, second.block, { ...derived, index });
    assert.ok(traced.type === "traced");
    assert.equal(traced.steps[2]?.stack[0], expected, "the value that SLOAD found");
    assert.equal(bytesToHex(traced.returnData), wordOf(expected + 1n));
    assert.deepEqual(traced.receipt, second.receipts[index]);
  }
  const failed = executor.traceTransaction(parent, second.block, { ...derived, index: 2 });
  assert.ok(failed.type === "traced");
  assert.equal(failed.steps.at(-1)?.error, "out of gas");
  assert.equal(failed.receipt.status, 0);
  assert.equal(failed.returnData.length, 0);
  const elsewhere = executor.traceTransaction(asParent(second), second.block, {
    ...derived,
    index: 0,
  });
  assert.equal(elsewhere.type === "notIncludable" && elsewhere.reason, "PARENT_DIFFERS");
  const again = executed(executor.applyBatchBlock(parent, given));
  assert.equal(again.block.hash, second.block.hash, "a trace leaves nothing behind");
  assert.ok(store.header(again.block.hash));
});

test("a forced transaction is traced like others", async () => {
  const { executor, genesis } = await newChain();
  const forced = transfer({ from: 5, gasLimit: 30_000n });
  // MSTORE8(0, 0xfe), RETURN(0, 1): the new code is one byte
  const data = hexToBytes("0x60fe5f5360015ff3");
  const own = transfer({ from: 6, to: null, data, gasLimit: 60_000n });
  const forcedEntries = [{ position: 0n, l1BlockNumber: 3n, transaction: forced }];
  const given = inputs({ transactions: [own], forcedEntries });
  const { block, receipts } = executed(executor.applyBatchBlock(genesis, given));
  const { originNumber, originTime } = given;
  const traced = [0, 1].map((index) =>
    executor.traceTransaction(genesis, block, {
      ...{ originNumber, originTime, forcedEntries },
      ...{ index, traceBytesMax },
    }),
  );
  assert.deepEqual(
    traced.map((each) => each.type === "traced" && each.receipt),
    receipts,
  );
  assert.deepEqual(
    traced.map((each) => each.type === "traced" && each.steps.length),
    [0, 6],
  );
  assert.deepEqual(
    traced.map((each) => each.type === "traced" && [...each.returnData]),
    [[], [0xfe]],
  );
});

test("a sender that another thread recovered is taken without a recovery", async () => {
  const { executor, genesis, store } = await newChain();
  const raw = transfer({ from: 2 });
  const decoded = executor.decodeTransaction(raw);
  assert.ok(decoded.type === "decoded");
  const address = publicKeyToAddress(privateKeyToPublicKey(keys[2] ?? new Uint8Array(0)));
  assert.equal(decoded.transaction.from, address);
  assert.equal(decoded.recovery.length, 128);
  const other = createExecutor({ store, chainId });
  const told: Hex = addresses[4] ?? "0x";
  other.rememberSender(decoded.recovery, told);
  const again = other.decodeTransaction(raw);
  assert.equal(again.type === "decoded" && again.transaction.from, told);
  const block = executed(other.applyBatchBlock(genesis, inputs({ transactions: [raw] })));
  assert.equal(block.receipts[0]?.from, told);
  assert.throws(() => other.rememberSender(new Uint8Array(127), told));
});

test("a decoded transaction is a copy that later runs leave alone", async () => {
  const { executor } = await newChain();
  const data = new Uint8Array(200).fill(0xd1);
  const first = executor.decodeTransaction(transfer({ data, gasLimit: 60_000n }));
  for (let i = 0; i < 3; i++) executor.decodeTransaction(transfer({ from: i }));
  assert.deepEqual(first.type === "decoded" && first.transaction.data, data);
});

test("posted data is decoded into what was encoded, and garbage has a reason", async () => {
  const { executor } = await newChain();
  const blocks = [1n, 2n].map((term) => ({
    timestamp: 1_100n + term,
    l1OriginNumber: 5n,
    term,
    coinbase: addresses[0] ?? "0x",
    transactions: [transfer({ nonce: term }), transfer({ from: 3, nonce: term })],
  }));
  const data = encodeBatch(blocks);
  const decoded = executor.decodeBatch(data);
  assert.ok(decoded.type === "decoded");
  assert.deepEqual(
    decoded.blocks,
    blocks.map(({ l1OriginNumber, ...block }) => ({ ...block, originNumber: l1OriginNumber })),
  );
  const cut = executor.decodeBatch(data.subarray(0, data.length - 1));
  assert.deepEqual(cut, { type: "rejected", code: "STREAM_TRUNCATED" });
});

test("what the store lacks is named, and the same call succeeds once the store has it", async () => {
  const { executor, genesis, store } = await newChain();
  const partial = createCachedStateStore({ read: () => undefined }, { bytesMax: 1 << 20 });
  const slow = createExecutor({ store: partial, chainId });
  const given = inputs({ transactions: [transfer(), transfer({ from: 1 })] });
  const expected = executed(executor.applyBatchBlock(genesis, given));
  let result: BuiltBlock | ExecutedBlock | NotIncludable | undefined;
  let missing = 0;
  while (result === undefined) {
    try {
      result = slow.applyBatchBlock(genesis, given);
    } catch (error) {
      if (!(error instanceof MissingContent)) throw error;
      const hash = hexToBytes(error.hash);
      const content = store.get(hash);
      assert.ok(content !== undefined && missing < 20);
      partial.add(hash, content);
      missing += 1;
    }
  }
  assert.ok(missing > 1);
  assert.deepEqual(result, expected);
  assert.throws(
    () => slow.code(expected.block.header.stateRoot, addresses[0] ?? "0x"),
    MissingContent,
  );
});

test("reads of what does not exist give nothing, with a proof of that", async () => {
  const { executor, genesis } = await newChain();
  const { stateRoot } = genesis.header;
  const nobody: Hex = `0x${"99".repeat(20)}`;
  assert.deepEqual(executor.account(stateRoot, nobody), { nonce: 0n, balanceWei: 0n });
  assert.deepEqual(executor.code(stateRoot, nobody), new Uint8Array(0));
  assert.equal(executor.storage(stateRoot, nobody, "0x5" as Hex), zeroSlot);
  const proof = executor.proof(stateRoot, nobody, [zeroSlot]);
  assert.equal(proof.codeHash, keccak256("0x"));
  assert.equal(proof.storageHash, keccak256("0x80"));
  assert.ok(proof.accountProof.length > 0);
  assert.equal(proof.accountProof[0] && keccak256(proof.accountProof[0]), stateRoot);
  assert.deepEqual(proof.storageProof, [{ key: zeroSlot, value: 0n, proof: [] }]);
});
