import assert from "node:assert/strict";
import { test } from "node:test";
import { createBlockFromRLP } from "@ethereumjs/block";
import { createLegacyTx } from "@ethereumjs/tx";
import { hexToBytes, keccak256 } from "@sequorum/protocol";
import {
  beaconRootsCode,
  createExecutor,
  createMemoryStateStore,
  decodeBlock,
  encodeBlock,
  type ExecutedBlock,
  type NotIncludable,
} from "../src/index.ts";
import {
  addresses,
  asParent,
  chainId,
  coinbase,
  common,
  genesis,
  inputs,
  legacy,
  newChain,
  originHash,
  transfer,
} from "./fixture.ts";
import { oracleCommon } from "./oracle/common.ts";

function executed<T extends ExecutedBlock>(result: T | NotIncludable): T {
  if (result.type === "notIncludable") throw new Error(`${result.reason} at ${result.transaction}`);
  return result;
}

test("genesis is the same block for everybody", async () => {
  const [a, b] = [await newChain(), await newChain()];
  assert.equal(a.genesis.hash, b.genesis.hash);
  assert.equal(a.genesis.header.number, 0n);
  const { alloc } = genesis;
  const other = createExecutor({ store: createMemoryStateStore(), chainId });
  const changed = other.genesisBlock({ ...genesis, alloc: alloc.slice(1) });
  assert.notEqual(changed.block.hash, a.genesis.hash);
});

test("a block of transfers has standard header fields and moves the money", async () => {
  const { executor, genesis: parent, store } = await newChain();
  const transactions = [
    transfer({ nonce: 0n, value: 5n }),
    transfer({ nonce: 1n, value: 7n }),
    legacy(2n),
  ];
  const result = executed(executor.applyBatchBlock(parent, inputs({ transactions })));
  const { header } = result.block;
  assert.equal(header.number, 1n);
  assert.equal(header.gasUsed, 63_000n);
  assert.equal(header.originHash, originHash);
  assert.equal(header.extraData, `0x01${"0".repeat(15)}1${"0".repeat(46)}`);
  assert.equal(header.prevRandao, keccak256(`0x${"0".repeat(64)}${"0".repeat(15)}1`));
  assert.equal(header.baseFeePerGas, 875_000_000n);
  assert.equal(header.coinbase, coinbase);
  store.commit(result);
  const receiver = addresses[1] ?? coinbase;
  assert.equal(executor.account(header.stateRoot, receiver).balanceWei, 10n ** 21n + 12n);
  assert.equal(result.receipts.length, 3);
  assert.deepEqual(
    result.receipts.map((receipt) => receipt.status),
    [1, 1, 1],
  );
  assert.equal(result.receipts[2]?.cumulativeGasUsed, 63_000n);
});

test("a stock Ethereum library decodes the block and finds the same hash", async () => {
  const { executor, genesis: parent } = await newChain();
  const transactions = [
    transfer(),
    transfer({ from: 2, data: hexToBytes("0x0102"), gasLimit: 60_000n }),
  ];
  const { block } = executed(executor.applyBatchBlock(parent, inputs({ transactions })));
  const native = createBlockFromRLP(encodeBlock(block), { common });
  assert.equal(`0x${Buffer.from(native.hash()).toString("hex")}`, block.hash);
  assert.equal(await native.transactionsTrieIsValid(), true);
  assert.deepEqual(decodeBlock(encodeBlock(block)), block);
});

test("a block round trips through its RLP, and a changed byte is refused or changes the hash", async () => {
  const { executor, genesis: parent } = await newChain();
  const { block } = executed(
    executor.applyBatchBlock(parent, inputs({ transactions: [transfer(), legacy(1n)] })),
  );
  const bytes = encodeBlock(block);
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const decoded = decodeBlock(changed);
    const isSame = decoded !== undefined && decoded.hash === block.hash;
    const transactions = decoded?.transactions.map((raw) => keccak256(raw)).join();
    const original = block.transactions.map((raw) => keccak256(raw)).join();
    assert.ok(!isSame || transactions !== original, `byte ${at}`);
  }
  assert.equal(decodeBlock(bytes.subarray(1)), undefined);
});

test("equal inputs give an equal block, and verification accepts exactly that block", async () => {
  const { executor, genesis: parent } = await newChain();
  const given = inputs({ transactions: [transfer(), transfer({ from: 3 })] });
  const { block } = executed(executor.applyBatchBlock(parent, given));
  const again = executed(executor.applyBatchBlock(parent, given));
  assert.equal(again.block.hash, block.hash);
  const derived = { originNumber: 5n, originTime: 1_050n, forcedEntries: [] };
  assert.equal(executor.verifyBlock(parent, block, derived).type, "executed");
  const header = { ...block.header, stateRoot: originHash };
  const wrong = executor.verifyBlock(parent, { ...block, header, hash: originHash }, derived);
  assert.deepEqual(wrong, { type: "notIncludable", reason: "HASH_DIFFERS", transaction: -1 });
});

test("each rule of the inputs has its own fault", async () => {
  const { executor, genesis: parent } = await newChain();
  const entry = { position: 0n, l1BlockNumber: 5n, transaction: transfer() };
  const cases: [string, Parameters<typeof inputs>[0]][] = [
    ["TIMESTAMP_NOT_AFTER_PARENT", { timestamp: 1_000n }],
    ["TIMESTAMP_BEFORE_ORIGIN", { timestamp: 1_049n }],
    ["TIMESTAMP_DRIFT", { timestamp: 1_651n }],
    ["QUEUE_GAP", { forcedEntries: [{ ...entry, position: 1n }] }],
    ["QUEUE_BEYOND_ORIGIN", { forcedEntries: [{ ...entry, l1BlockNumber: 6n }] }],
  ];
  for (const [reason, fields] of cases) {
    const result = executor.applyBatchBlock(parent, inputs(fields));
    assert.deepEqual(result, { type: "notIncludable", reason, transaction: -1 });
  }
  const child = asParent(executed(executor.applyBatchBlock(parent, inputs())));
  for (const [reason, fields] of [
    ["ORIGIN_WENT_BACK", { originNumber: 4n }],
    ["ORIGIN_WENT_BACK", { originHash: coinbase.padEnd(66, "0") as `0x${string}` }],
    ["TERM_WENT_BACK", { term: 0n }],
  ] as const) {
    const result = executor.applyBatchBlock(child, inputs({ timestamp: 1_101n, ...fields }));
    assert.deepEqual(result, { type: "notIncludable", reason, transaction: -1 });
  }
});

test("a transaction that cannot be included has its own reason", async () => {
  const { store, genesis: parent } = await newChain();
  const executor = createExecutor({
    store,
    chainId,
    rules: { blockTransactionBytesMax: 1_000_000 },
  });
  const foreign = oracleCommon(1n);
  const unprotected = createLegacyTx({
    gasPrice: 10n ** 10n,
    gasLimit: 21_000n,
    to: coinbase,
    v: 27n,
    r: 1n,
    s: 1n,
  });
  const cases: [string, Uint8Array][] = [
    ["MALFORMED", new Uint8Array(0)],
    ["MALFORMED", hexToBytes("0xc0")],
    ["MALFORMED", hexToBytes("0x02c0")],
    ["BLOB_TYPE_REFUSED", hexToBytes("0x03c0")],
    ["TYPE_UNKNOWN", hexToBytes("0x04c0")],
    ["UNPROTECTED", unprotected.serialize()],
    ["WRONG_CHAIN_ID", legacy(0n, { chain: foreign })],
    ["NONCE_TOO_HIGH", transfer({ nonce: 1n })],
    ["INSUFFICIENT_FUNDS", transfer({ value: 10n ** 22n })],
    ["FEE_TOO_LOW", transfer({ maxFeePerGas: 1_000n })],
    ["GAS_LIMIT_ABOVE_BLOCK", transfer({ gasLimit: 30_000_001n })],
    ["INTRINSIC_GAS_TOO_LOW", transfer({ gasLimit: 20_999n })],
    ["OVERSIZED", transfer({ data: new Uint8Array(140_000), gasLimit: 20_000_000n })],
  ];
  for (const [reason, raw] of cases) {
    const result = executor.applyBatchBlock(parent, inputs({ transactions: [raw] }));
    assert.deepEqual(result, { type: "notIncludable", reason, transaction: 0 }, reason);
  }
  const twice = executor.applyBatchBlock(
    parent,
    inputs({ transactions: [transfer(), transfer()] }),
  );
  assert.deepEqual(twice, { type: "notIncludable", reason: "NONCE_TOO_LOW", transaction: 1 });
});

test("a builder leaves out what cannot be included and keeps the order of the rest", async () => {
  const { executor, genesis: parent } = await newChain();
  const offered = [
    transfer(),
    transfer({ nonce: 5n }),
    transfer({ nonce: 1n }),
    transfer({ from: 2 }),
  ];
  const limits = { stopAtMs: 1, nowMs: () => 0 };
  const built = executed(executor.buildBlock(parent, inputs({ transactions: offered }), limits));
  assert.deepEqual(built.block.transactions, [offered[0], offered[2], offered[3]]);
  assert.deepEqual(
    built.leftOut.map(({ reason }) => reason),
    ["NONCE_TOO_HIGH"],
  );
  const stopped = { ...limits, stopAtMs: 0 };
  const none = executed(executor.buildBlock(parent, inputs({ transactions: offered }), stopped));
  assert.equal(none.block.transactions.length, 0);
});

test("forced entries come first, garbage is skipped, and the position moves past both", async () => {
  const { executor, genesis: parent } = await newChain();
  const entry = (position: bigint, transaction: Uint8Array) => ({
    position,
    l1BlockNumber: 3n,
    transaction,
  });
  const forced = transfer({ from: 4 });
  const forcedEntries = [
    entry(0n, hexToBytes("0xdeadbeef")),
    entry(1n, forced),
    entry(2n, transfer({ from: 4, nonce: 9n })),
  ];
  const own = transfer();
  const given = inputs({ transactions: [own], forcedEntries });
  const result = executed(executor.applyBatchBlock(parent, given));
  assert.deepEqual(result.block.transactions, [forced, own]);
  assert.equal(result.forcedCount, 1);
  assert.deepEqual(result.skippedPositions, [0n, 2n]);
  assert.equal(result.block.header.queuePosition, 3n);
  const derived = { originNumber: 5n, originTime: 1_050n };
  const verified = executor.verifyBlock(parent, result.block, { ...derived, forcedEntries });
  assert.equal(verified.type, "executed");
  const censored = executed(executor.applyBatchBlock(parent, inputs({ transactions: [own] })));
  const refused = executor.verifyBlock(parent, censored.block, { ...derived, forcedEntries });
  assert.equal(refused.type === "notIncludable" && refused.reason, "FORCED_TRANSACTIONS_DIFFER");
});

test("a forced entry that does not fit any more is the first of the next block", async () => {
  const { executor, genesis: parent, store } = await newChain();
  const burn = transfer({ from: 4, to: null, gasLimit: 29_000_000n, data: hexToBytes("0xfe") });
  const second = transfer({ from: 5, gasLimit: 2_000_000n });
  const forcedEntries = [burn, second].map((transaction, i) => ({
    position: BigInt(i),
    l1BlockNumber: 1n,
    transaction,
  }));
  const first = executed(executor.applyBatchBlock(parent, inputs({ forcedEntries })));
  assert.equal(first.block.header.queuePosition, 1n);
  assert.equal(first.receipts[0]?.status, 0);
  store.commit(first);
  const next = inputs({
    timestamp: 1_101n,
    forcedEntries: forcedEntries.slice(1),
    transactions: [transfer()],
  });
  const result = executed(executor.applyBatchBlock(asParent(first), next));
  assert.deepEqual(result.block.transactions[0], second);
  assert.equal(result.block.header.queuePosition, 2n);
});

test("a block that would not fit into a batch is none, and a builder stops before it", async () => {
  const { store, genesis: parent } = await newChain();
  const rules = { blockTransactionBytesMax: 250 };
  const executor = createExecutor({ store, chainId, rules });
  const transactions = [transfer(), transfer({ nonce: 1n }), transfer({ nonce: 2n })];
  const refused = executor.applyBatchBlock(parent, inputs({ transactions }));
  assert.deepEqual(refused, { type: "notIncludable", reason: "BLOCK_TOO_LARGE", transaction: -1 });
  const limits = { stopAtMs: 1, nowMs: () => 0 };
  const built = executed(executor.buildBlock(parent, inputs({ transactions }), limits));
  assert.equal(built.block.transactions.length, 2);
});

test("branches on one parent coexist in the store", async () => {
  const { executor, genesis: parent, store } = await newChain();
  const a = executed(
    executor.applyBatchBlock(parent, inputs({ transactions: [transfer({ value: 1n })] })),
  );
  const b = executed(
    executor.applyBatchBlock(parent, inputs({ transactions: [transfer({ value: 2n })] })),
  );
  store.commit(a);
  store.commit(b);
  const receiver = addresses[1] ?? coinbase;
  const before = 10n ** 21n;
  assert.equal(executor.account(a.block.header.stateRoot, receiver).balanceWei, before + 1n);
  assert.equal(executor.account(b.block.header.stateRoot, receiver).balanceWei, before + 2n);
  for (const branch of [a, b]) {
    const given = inputs({ timestamp: 1_101n, transactions: [transfer({ nonce: 1n })] });
    executed(executor.applyBatchBlock(asParent(branch), given));
  }
});

test("the predeployed EIP-4788 code is the one that its well-known deployment makes", () => {
  const initCode = `0x60618060095f395ff3${beaconRootsCode.slice(2)}` as const;
  const deployment = createLegacyTx({
    gasLimit: 0x3d090n,
    gasPrice: 0xe8d4a51000n,
    data: initCode,
    v: 0x1bn,
    r: 0x539n,
    s: 0x1b9b6eb1f0n,
  });
  assert.equal(
    deployment.getSenderAddress().toString(),
    "0x0b799c86a49deeb90402691f1041aa3af2d3c875",
  );
});
