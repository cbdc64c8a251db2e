import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeErrorResult,
  formatBlock as viemBlock,
  formatTransaction as viemTransaction,
  formatTransactionReceipt as viemReceipt,
  parseAbi,
} from "viem";
import { poolFailure, poolRejectionMessages, revertReason } from "../../src/json-rpc/errors.ts";
import { gasUsedRatio, rewards, suggestTip } from "../../src/json-rpc/fee-figures.ts";
import {
  effectiveGasPrice,
  formatBlock,
  formatReceipts,
  formatTransaction,
} from "../../src/json-rpc/format.ts";
import { alice, bob, FakeChain, token, transfer, transferLog } from "./fake-chain.ts";

const gwei = 1_000_000_000n;

type LooseBlock = {
  number: string;
  nonce: string;
  parentBeaconBlockRoot: string;
  transactions: { to: string | null; transactionIndex: string }[];
};
type LooseReceipt = {
  status: string;
  contractAddress: string | null;
  logs: { logIndex: string }[];
};

async function sealed() {
  const chain = new FakeChain();
  const legacy = transfer(1, {
    type: 0,
    gasPrice: 3n * gwei,
    maxFeePerGas: 3n * gwei,
    maxPriorityFeePerGas: 3n * gwei,
    v: 84_884n,
  });
  const creation = transfer(2, { to: null, data: Uint8Array.of(0x60, 0x01) });
  const block = chain.extend([
    { transaction: legacy, logs: [transferLog(alice, bob, 1n), transferLog(alice, bob, 2n)] },
    { transaction: creation, logs: [transferLog(alice, bob, 3n)], failed: false },
    { transaction: transfer(3), failed: true },
  ]);
  const reader = chain.ports().chain;
  const stored = await reader.block({ type: "number", number: 1n });
  const receipts = await reader.receipts(block.hash);
  assert.ok(stored !== undefined && receipts !== undefined);
  return { stored, receipts, legacy, creation };
}

test("a block has every field of a Cancun block, and hashes or whole transactions", async () => {
  const { stored, legacy, creation } = await sealed();
  const short = formatBlock(stored) as unknown as LooseBlock;
  assert.equal(short.number, "0x1");
  assert.equal(short.nonce, "0x0000000000000000");
  assert.equal(short.transactions[0], legacy.hash);
  assert.equal(short.parentBeaconBlockRoot, stored.block.header.originHash);
  const full = formatBlock(stored, [legacy, creation, transfer(3)]) as unknown as LooseBlock;
  assert.equal(full.transactions[1]?.to, null);
  assert.equal(full.transactions[1]?.transactionIndex, "0x1");
  const parsed = viemBlock(full as never);
  assert.equal(parsed.number, 1n);
  assert.equal(parsed.gasUsed, 63_000n);
});

test("a legacy transaction shows v and no typed fields; a fee-market one shows yParity and caps", () => {
  const legacy = formatTransaction(
    transfer(1, { type: 0, v: 84_884n, maxFeePerGas: 3n, maxPriorityFeePerGas: 3n }),
  );
  assert.equal(legacy["v"], "0x14b94");
  assert.equal(legacy["gasPrice"], "0x3");
  assert.ok(!("yParity" in legacy) && !("accessList" in legacy) && !("maxFeePerGas" in legacy));
  const pending = formatTransaction(transfer(4));
  assert.equal(pending["blockHash"], null);
  assert.equal(pending["yParity"], "0x1");
  assert.equal(viemTransaction(pending as never).maxFeePerGas, 10n * gwei);
});

test("log indices count through the block, and a failed transaction says so", async () => {
  const { stored, receipts } = await sealed();
  const formatted = formatReceipts(stored.block, receipts) as unknown as LooseReceipt[];
  assert.deepEqual(
    formatted.flatMap(({ logs }) => logs.map((log) => log.logIndex)),
    ["0x0", "0x1", "0x2"],
  );
  assert.equal(formatted[1]?.contractAddress, token);
  assert.equal(formatted[2]?.status, "0x0");
  const parsed = viemReceipt(formatted[0] as never);
  assert.equal(parsed.status, "success");
  assert.equal(parsed.type, "legacy");
  assert.equal(parsed.logs.length, 2);
});

test("the effective gas price is the base fee and the tip, at most the cap", () => {
  const fees = { maxFeePerGas: 10n, maxPriorityFeePerGas: 3n };
  assert.equal(effectiveGasPrice(fees, 5n), 8n);
  assert.equal(effectiveGasPrice(fees, 9n), 10n);
  assert.equal(effectiveGasPrice(fees), 10n);
});

test("revert reasons: Error(string), Panic(uint256), custom errors, malformed data", () => {
  const abi = parseAbi(["error Error(string)", "error Panic(uint256)", "error Odd(address)"]);
  const encode = (errorName: "Error" | "Panic" | "Odd", arg: unknown) =>
    encodeErrorResult({ abi, errorName, args: [arg] } as never);
  assert.equal(revertReason(encode("Error", "not enough")), "not enough");
  assert.equal(revertReason(encode("Error", "")), "");
  assert.equal(revertReason(encode("Panic", 0x11n)), "arithmetic underflow or overflow");
  assert.equal(revertReason(encode("Panic", 0x99n)), "unknown panic code: 0x99");
  assert.equal(revertReason(encode("Odd", alice)), undefined);
  assert.equal(revertReason("0x"), undefined);
  assert.equal(revertReason(`0x08c379a0${"ff".repeat(64)}`), undefined);
  assert.equal(revertReason(`0x08c379a0${"0".repeat(62)}20${"f".repeat(64)}`), undefined);
});

test("every rejection of the pool has words, and wallets find geth's", () => {
  for (const [code, message] of Object.entries(poolRejectionMessages))
    assert.ok(message.length > 0, code);
  const failure = poolFailure("NONCE_TOO_LOW", { accountNonce: 6n, transactionNonce: 5n });
  assert.equal(failure.message, "nonce too low: account nonce 6, transaction nonce 5");
  assert.equal(poolFailure("ALREADY_KNOWN").message, "already known");
});

test("fee figures: rewards by gas percentile, suggestion within bounds, ratio", async () => {
  const { stored, receipts } = await sealed();
  const { block } = stored;
  assert.deepEqual(rewards({ block, receipts }, [0, 50, 100]), [2n * gwei, 2n * gwei, 3n * gwei]);
  assert.deepEqual(rewards({ block, receipts: [] }, [10]), [0n]);
  assert.equal(suggestTip([{ block, receipts }], gwei), 2n * gwei);
  assert.equal(suggestTip([{ block, receipts }], 50n * gwei), 50n * gwei);
  assert.equal(suggestTip([], 7n), 7n);
  assert.equal(gasUsedRatio(block), 0.0021);
});
