import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { emptyTrieRoot, type L2Block } from "@sequorum/stf";
import { hashOfPayload, newPayload, withOtherStateRoot } from "./execution-payload.ts";
import { gethGenesis } from "./geth-genesis.ts";
import type { CallRpc } from "./json-rpc.ts";
import { headNumber, readBlock } from "./l2-blocks.ts";
import { parseOptions } from "./options.ts";
import { orderedRoot } from "./ordered-root.ts";

/** Answers of a pool's JSON-RPC during the tour, by method and first parameter. */
const recorded: Readonly<Record<string, Readonly<Record<string, unknown>>>> = JSON.parse(
  readFileSync(new URL("testdata/blocks.json", import.meta.url), "utf8"),
);
const numbers = Object.keys(recorded["eth_getBlockByNumber"] ?? {});

const replay: CallRpc = async <Result>(method: string, [first]: readonly unknown[]) =>
  recorded[method]?.[String(first ?? "")] as Result;

/**
 * The example of engine_newPayloadV3 in ethereum/execution-apis, src/engine/openrpc/methods/payload.yaml (commit
 * 03911ff), without its blob transactions and withdrawals, of which an L2 block has none. Its blockHash is not the
 * hash of its fields.
 */
const example = {
  parentHash: "0x3b8fb240d288781d4aac94d3fd16809ee413bc99294a085798a589dae51ddd4a",
  feeRecipient: "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b",
  stateRoot: "0xca3149fa9e37db08d1cd49c9061db1002ef1cd58db2210f2115c8c989b2bdf45",
  receiptsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  logsBloom: `0x${"0".repeat(512)}`,
  prevRandao: "0xc130d5e63c61c935f6089e61140ca9136172677cf6aa5800dcc1cf0a02152a14",
  blockNumber: "0x112720f",
  gasLimit: "0x1c9c380",
  gasUsed: "0xbad2e8",
  timestamp: "0x64e7785b",
  extraData: "0x",
  baseFeePerGas: "0x7",
  blockHash: "0x3559e851470f6e7bbed1db474980683e8c315bfce99b2a6ef47c057c04de7858",
  transactions: [],
  withdrawals: [],
  blobGasUsed: "0x0",
  excessBlobGas: "0x0",
};
const exampleBeaconRoot = "0x169630f535b4a41330164c6e5c92b1224c0c407f582d407d0ac3d206cd32fd52";

test("a block has the form of the specification's example", () => {
  const block: L2Block = {
    header: {
      parentHash: "0x3b8fb240d288781d4aac94d3fd16809ee413bc99294a085798a589dae51ddd4a",
      coinbase: "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b",
      stateRoot: "0xca3149fa9e37db08d1cd49c9061db1002ef1cd58db2210f2115c8c989b2bdf45",
      transactionsRoot: emptyTrieRoot,
      receiptsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
      logsBloom: `0x${"0".repeat(512)}`,
      number: 17_986_063n,
      gasLimit: 30_000_000n,
      gasUsed: 12_243_688n,
      timestamp: 1_692_891_227n,
      extraData: "0x",
      prevRandao: "0xc130d5e63c61c935f6089e61140ca9136172677cf6aa5800dcc1cf0a02152a14",
      baseFeePerGas: 7n,
      withdrawalsRoot: emptyTrieRoot,
      originHash: exampleBeaconRoot,
      term: 0n,
      queuePosition: 0n,
    },
    hash: "0x3559e851470f6e7bbed1db474980683e8c315bfce99b2a6ef47c057c04de7858",
    transactions: [],
  };
  assert.deepEqual(newPayload(block), [example, [], exampleBeaconRoot]);
});

test("the payload of a recorded block has the block's hash", async () => {
  assert.ok(numbers.length >= 4);
  const types = new Set<number>();
  for (const number of numbers) {
    const block = await readBlock(replay, BigInt(number));
    assert.equal(hashOfPayload(newPayload(block)), block.hash, `block ${number}`);
    assert.equal(orderedRoot(block.transactions), block.header.transactionsRoot);
    for (const [first = 0] of block.transactions) types.add(Math.min(first, 0xc0));
  }
  assert.deepEqual([...types].sort(), [1, 0xc0, 2], "every transaction type occurs");
  assert.equal(await headNumber(replay), BigInt(numbers.at(-1) ?? 0));
});

test("any other value in a payload gives another hash", async () => {
  const block = await readBlock(replay, BigInt(numbers.at(-1) ?? 0));
  const [payload, blobs, root] = newPayload(block);
  const hash = hashOfPayload([payload, blobs, root]);
  for (const [name, value] of Object.entries(payload)) {
    if (name === "blockHash" || name === "withdrawals") continue;
    const other = Array.isArray(value) ? value.slice(1) : changed(String(value));
    assert.notEqual(hashOfPayload([{ ...payload, [name]: other }, blobs, root]), hash, name);
  }
  assert.notEqual(hashOfPayload([payload, blobs, payload.parentHash]), hash);
  const [refused] = withOtherStateRoot([payload, blobs, root]);
  assert.notEqual(refused.stateRoot, payload.stateRoot);
  assert.equal(hashOfPayload([refused, blobs, root]), refused.blockHash);
});

test("a geth genesis has the allocation, the EIP-4788 contract and Cancun from block 0", () => {
  const address = "0x1111111111111111111111111111111111111111";
  const genesis = { timestamp: 5n, gasLimit: 30_000_000n, baseFeePerGasWei: 1_000_000_000n };
  const json = JSON.stringify(
    gethGenesis({ ...genesis, alloc: [{ address, balanceWei: 255n }] }, 7n),
  );
  const { config, alloc, ...header } = JSON.parse(json);
  assert.deepEqual(header, {
    timestamp: "0x5",
    gasLimit: "0x1c9c380",
    baseFeePerGas: "0x3b9aca00",
    extraData: `0x01${"00".repeat(31)}`,
    difficulty: "0x0",
  });
  assert.deepEqual(alloc[address], { balance: "0xff" });
  assert.equal(alloc["0x000f3df6d732807ef1319fb7b8bb8522d0beac02"].nonce, "0x1");
  assert.deepEqual([config.chainId, config.cancunTime, config.terminalTotalDifficulty], [7, 0, 0]);
});

test("the command line names a pool or starts one", () => {
  assert.deepEqual(parseOptions([]), {
    pool: undefined,
    dataDirectory: undefined,
    portBase: 24_000,
  });
  assert.equal(parseOptions(["--rpc", "http://127.0.0.1:1"])?.pool?.rpcUrl, "http://127.0.0.1:1");
  assert.equal(parseOptions(["--help"]), undefined);
  assert.throws(() => parseOptions(["--network", "x"]), /goes with --rpc/);
  assert.throws(() => parseOptions(["--port-base", "1"]), /whole number/);
});

/** The hexadecimal string with its last digit another. */
function changed(hex: string): string {
  const last = Number.parseInt(hex.slice(-1), 16);
  return hex.length > 2 ? `${hex.slice(0, -1)}${(last ^ 1).toString(16)}` : "0x01";
}
