import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { callParams, callRequest, stateOverrides } from "../../src/json-rpc/call-params.ts";
import { JsonRpcFailure } from "../../src/json-rpc/errors.ts";
import { formatQuantity } from "../../src/json-rpc/format.ts";
import { jsonDepth } from "../../src/json-rpc/json.ts";
import { defaultJsonRpcLimits } from "../../src/json-rpc/limits.ts";
import { logMatches, logQuery } from "../../src/json-rpc/log-filter.ts";
import * as p from "../../src/json-rpc/params.ts";
import { alice, bob, token, transferLog, transferTopic } from "./fake-chain.ts";

const hash = `0x${"ab".repeat(32)}` as const;

function refuses(parse: () => unknown, message: RegExp): void {
  assert.throws(parse, (error) => error instanceof JsonRpcFailure && message.test(error.message));
}

test("a quantity has no leading zeros, no sign, no decimal form", () => {
  assert.equal(p.quantity("0x0", "x"), 0n);
  assert.equal(p.quantity("0xFf", "x"), 255n);
  for (const bad of ["0x", "0x00", "0x01", "1", "-0x1", 1, null, "0xg", `0x1${"0".repeat(64)}`]) {
    refuses(() => p.quantity(bad, "x"), /invalid x/);
  }
  refuses(() => p.quantity64(`0x1${"0".repeat(16)}`, "x"), /64 bits/);
});

test("quantities survive formatting and parsing", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (value) => {
      assert.equal(p.quantity(formatQuantity(value), "x"), value);
    }),
  );
});

test("bytes, hashes and addresses are of the right size and become lower case", () => {
  assert.equal(p.bytes("0x", "x"), "0x");
  assert.equal(p.bytes("0xABcd", "x"), "0xabcd");
  assert.equal(p.address(alice.toUpperCase().replace("0X", "0x"), "x"), alice);
  for (const bad of ["0xa", "ab", "0xzz", {}, undefined])
    refuses(() => p.bytes(bad, "x"), /hex digits/);
  refuses(() => p.hash("0xab", "x"), /32 bytes/);
  refuses(() => p.address(hash, "x"), /20 bytes/);
});

test("a storage slot may be short", () => {
  assert.equal(p.storageSlot("0x1", "x"), `0x${"0".repeat(63)}1`);
  refuses(() => p.storageSlot(`0x${"1".repeat(65)}`, "x"), /slot/);
});

test("a block parameter is a tag, a height, a hash or the object of EIP-1898", () => {
  const parse = (value: unknown) => p.blockParameter(value, "block");
  assert.deepEqual(parse("safe"), { type: "tag", tag: "safe" });
  assert.deepEqual(parse("0x10"), { type: "number", number: 16n });
  assert.deepEqual(parse(hash), { type: "hash", hash, requireCanonical: false });
  assert.deepEqual(parse({ blockNumber: "0x1" }), { type: "number", number: 1n });
  assert.deepEqual(parse({ blockHash: hash, requireCanonical: true }), {
    type: "hash",
    hash,
    requireCanonical: true,
  });
  for (const bad of [
    "newest",
    "0x01",
    5,
    [],
    {},
    { blockHash: hash, blockNumber: "0x1" },
    { blockHash: "0x1" },
  ]) {
    refuses(() => parse(bad), /invalid/);
  }
});

test("parameters are positional: missing ones, spare ones and named ones are refused", () => {
  const list = [p.required("a", p.quantity), p.optional("b", p.boolean, true)] as const;
  const parse = (raw: unknown) => p.parseParams<readonly [bigint, boolean]>(list, raw);
  assert.deepEqual(parse(["0x1"]), [1n, true]);
  assert.deepEqual(parse(["0x1", null]), [1n, true]);
  assert.deepEqual(parse(["0x1", false]), [1n, false]);
  refuses(() => parse([]), /missing value for required argument 0 \(a\)/);
  refuses(() => parse(undefined), /missing value/);
  refuses(() => parse(["0x1", true, 1]), /too many arguments, want at most 2/);
  refuses(() => parse({ a: "0x1" }), /array/);
});

test("a call takes data or input, one kind of fee, and ignores what it does not know", () => {
  const call = callParams(
    { from: alice, to: bob, input: "0x12", gas: "0x5208", type: "0x2", foo: 1 },
    "call",
  );
  assert.equal(call.data, "0x12");
  assert.equal(call.gas, 21_000n);
  assert.equal(callParams({ data: "0x12", input: "0x12" }, "call").data, "0x12");
  refuses(() => callParams({ data: "0x12", input: "0x13" }, "call"), /not equal/);
  refuses(() => callParams({ gasPrice: "0x1", maxFeePerGas: "0x1" }, "call"), /both gasPrice/);
  refuses(() => callParams({ maxFeePerGas: "0x1", maxPriorityFeePerGas: "0x2" }, "call"), /below/);
  refuses(() => callParams({ blobVersionedHashes: [hash] }, "call"), /not supported/);
  refuses(() => callParams("0x", "call"), /object/);
});

test("the gas price of a call is what the block would take", () => {
  const priced = (fees: object) => callRequest(callParams(fees, "call"), 7n, {}).gasPrice;
  assert.equal(priced({}), undefined);
  assert.equal(priced({ gasPrice: "0x5" }), 5n);
  assert.equal(priced({ maxFeePerGas: "0x64", maxPriorityFeePerGas: "0x3" }), 10n);
  assert.equal(priced({ maxFeePerGas: "0x8", maxPriorityFeePerGas: "0x3" }), 8n);
});

test("state overrides name accounts, and refuse to replace whole storages", () => {
  const parsed = stateOverrides(
    { [token]: { balance: "0x1", code: "0x00", stateDiff: { [hash]: hash } } },
    "overrides",
  );
  assert.deepEqual(parsed, {
    [token]: { balanceWei: 1n, code: Uint8Array.of(0), storage: { [hash]: hash } },
  });
  refuses(() => stateOverrides({ [token]: { state: {} } }, "overrides"), /stateDiff/);
  refuses(() => stateOverrides({ nobody: {} }, "overrides"), /invalid/);
});

test("log criteria: any address, any topic, alternatives, fewer topics than positions", () => {
  const parse = (filter: unknown) => logQuery(defaultJsonRpcLimits)(filter, "filter");
  const log = transferLog(alice, bob, 1n);
  const matches = (filter: unknown) => logMatches(log, parse(filter));
  assert.ok(matches({}));
  assert.ok(matches({ address: token }));
  assert.ok(matches({ address: [bob, token], topics: [transferTopic] }));
  assert.ok(matches({ topics: [null, log.topics[1]] }));
  assert.ok(matches({ topics: [[hash, transferTopic]] }));
  assert.ok(matches({ topics: [[]] }));
  assert.ok(!matches({ address: bob }));
  assert.ok(!matches({ topics: [hash] }));
  assert.ok(!matches({ topics: [null, null, null, hash] }));
  refuses(() => parse({ topics: [null, null, null, null, null] }), /more than 4/);
  refuses(() => parse({ blockHash: hash, fromBlock: "0x1" }), /choose one/);
});

test("nesting is counted outside strings only", () => {
  assert.equal(jsonDepth("[]"), 1);
  assert.equal(jsonDepth('{"a":[{"b":[]}]}'), 4);
  assert.equal(jsonDepth('"[[[[\\"[[[["'), 0);
  assert.equal(jsonDepth("[".repeat(100_000)), 100_000);
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.equal(jsonDepth(text), depthOf(JSON.parse(text)));
    }),
  );
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
