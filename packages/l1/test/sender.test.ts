// What nodes say about transactions and reverts, by the words of each client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeErrorResult, HttpRequestError, keccak256, RpcRequestError } from "viem";
import { decodeRevert, rollupChainAbi, signL1Transaction, senderAddress } from "../src/index.ts";
import { classifyBroadcastError } from "../src/sender.ts";
import { bloomMayContain } from "../src/watcher-bloom.ts";

test("answers to a transaction are told apart in the words of every client", () => {
  const table = {
    alreadyKnown: [
      "already known",
      "AlreadyKnown",
      "transaction already in mempool",
      "Known transaction",
      "transaction already imported",
    ],
    nonceTooLow: ["nonce too low: next nonce 5, tx nonce 4", "OldNonce", "nonce too low"],
    underpriced: [
      "replacement transaction underpriced",
      "transaction underpriced",
      "could not replace existing tx",
      "ReplacementNotAllowed",
      "FeeTooLow, MaxFeePerGas too low",
      "max fee per gas less than block base fee: address 0x00, maxFeePerGas: 1, baseFee: 7",
    ],
    insufficientFunds: [
      "insufficient funds for gas * price + value",
      "InsufficientFunds",
      "Upfront cost exceeds account balance",
    ],
    unavailable: ["internal error", "rate limited", "txpool is full", "request timed out"],
    refused: ["intrinsic gas too low", "exceeds block gas limit", "invalid sender"],
  } as const;
  for (const [outcome, messages] of Object.entries(table)) {
    for (const message of messages)
      assert.equal(classifyBroadcastError(answer(message)), outcome, message);
  }
});

test("a failure of transport is no answer", () => {
  assert.equal(
    classifyBroadcastError(new HttpRequestError({ url: "http://l1", status: 502 })),
    "unavailable",
  );
  assert.equal(classifyBroadcastError(new Error("nonce too low")), "unavailable");
});

test("a revert is named with the errors of our contracts, wherever viem puts the data", () => {
  const data = encodeErrorResult({
    abi: rollupChainAbi,
    errorName: "IndexMismatch",
    args: [5n, 6n],
  });
  const revert = { name: "IndexMismatch", args: [5n, 6n] };
  assert.deepEqual(decodeRevert(new Error("call failed", { cause: { data } })), revert);
  assert.deepEqual(decodeRevert({ cause: { cause: { data: { data } } } }), revert);
});

test("a revert without our errors is unknown, a failure of transport is none", () => {
  assert.deepEqual(decodeRevert({ data: "0x12345678" }), {
    name: "UnknownRevert",
    args: ["0x12345678"],
  });
  assert.deepEqual(decodeRevert(new Error("execution reverted")), {
    name: "UnknownRevert",
    args: [],
  });
  assert.equal(decodeRevert(new HttpRequestError({ url: "http://l1", status: 502 })), undefined);
});

test("the same request gives the same bytes", async () => {
  const key = new Uint8Array(32).fill(1);
  const request = {
    chainId: 1,
    nonce: 3,
    to: senderAddress(key),
    data: "0x",
    gas: 21_000n,
    maxFeePerGasWei: 9n,
    maxPriorityFeePerGasWei: 2n,
  } as const;
  const first = await signL1Transaction(key, request);
  assert.deepEqual(await signL1Transaction(key, request), first);
  assert.equal(keccak256(first.raw), first.hash);
});

test("a bloom contains what was put in, and an empty one nothing", () => {
  const address = "0x00000000000000000000000000000000000e0000";
  assert.equal(bloomMayContain(`0x${"00".repeat(256)}`, address), false);
  assert.equal(bloomMayContain(`0x${"ff".repeat(256)}`, address), true);
  const bloom = new Uint8Array(256);
  const digest = keccak256(address, "bytes");
  for (const i of [0, 2, 4]) {
    const bit = (((digest[i] ?? 0) * 256 + (digest[i + 1] ?? 0)) % 2048) as number;
    const byte = 255 - Math.floor(bit / 8);
    bloom[byte] = (bloom[byte] ?? 0) | (1 << (bit % 8));
  }
  const hex = `0x${Buffer.from(bloom).toString("hex")}` as const;
  assert.equal(bloomMayContain(hex, address), true);
  assert.equal(bloomMayContain(hex, "0x00000000000000000000000000000000000e0001"), false);
});

function answer(message: string): Error {
  const error = { code: -32_000, message };
  return new Error("request failed", {
    cause: new RpcRequestError({ body: {}, url: "http://l1", error }),
  });
}
