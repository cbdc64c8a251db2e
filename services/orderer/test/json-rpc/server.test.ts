import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Block,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  encodeErrorResult,
  http,
  InsufficientFundsError,
  NonceTooLowError,
  parseAbi,
  parseAbiItem,
  webSocket,
} from "viem";
import { hexToBytes } from "@sequorum/protocol";
import { alice, bob, chainId, token, transfer, transferLog, transferTopic } from "./fake-chain.ts";
import { errorOf, openWebSocket, post, resultOf, rpc, startFakeServer, until } from "./harness.ts";

const transferEvent = parseAbiItem(
  "event Transfer(address indexed from, address indexed to, uint256 value)",
);

test("viem reads blocks, transactions, receipts, state and fees over HTTP", async (t) => {
  const { chain, url } = await startFakeServer(t);
  const sent = transfer(1);
  const block = chain.extend([{ transaction: sent, logs: [transferLog(alice, bob, 77n)] }]);
  const client = createPublicClient({ transport: http(url, { batch: true, retryCount: 0 }) });
  assert.equal(await client.getChainId(), Number(chainId));
  assert.equal(await client.getBlockNumber(), 1n);
  const full = await client.getBlock({ includeTransactions: true });
  assert.equal(full.hash, block.hash);
  assert.equal(full.transactions[0]?.hash, sent.hash);
  assert.equal((await client.getBlock({ blockTag: "safe" })).number, 0n);
  assert.equal((await client.getTransaction({ hash: sent.hash })).blockNumber, 1n);
  assert.equal((await client.getTransaction({ blockNumber: 1n, index: 0 })).hash, sent.hash);
  const receipt = await client.waitForTransactionReceipt({ hash: sent.hash });
  assert.equal(receipt.status, "success");
  assert.equal(await client.getBalance({ address: alice }), 10n ** 18n);
  assert.equal(await client.getTransactionCount({ address: alice }), 7);
  assert.equal(await client.getTransactionCount({ address: alice, blockTag: "pending" }), 9);
  assert.equal(await client.getCode({ address: token }), "0x6000");
  assert.equal(
    await client.getStorageAt({ address: token, slot: "0x0" }),
    `0x${"00".repeat(31)}2a`,
  );
  assert.equal(
    (await client.getProof({ address: alice, storageKeys: ["0x1"] as never })).storageProof[0]
      ?.value,
    3n,
  );
  assert.equal(await client.estimateMaxPriorityFeePerGas(), 2_000_000_000n);
  assert.ok((await client.estimateFeesPerGas()).maxFeePerGas > 2_000_000_000n);
  const history = await client.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
  assert.equal(history.baseFeePerGas.length, 3);
  assert.deepEqual(history.reward?.[1], [2_000_000_000n, 2_000_000_000n]);
  assert.equal(await client.estimateGas({ account: alice, to: bob }), 21_000n);
});

test("viem finds logs by event and arguments, by filter and by block hash", async (t) => {
  const { chain, url } = await startFakeServer(t);
  const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  const filter = await client.createEventFilter({ event: transferEvent, args: { to: bob } });
  chain.extend([
    { transaction: transfer(1), logs: [transferLog(alice, bob, 5n)] },
    { transaction: transfer(2), logs: [transferLog(bob, alice, 6n)] },
  ]);
  const block = chain.extend([{ transaction: transfer(3), logs: [transferLog(alice, bob, 7n)] }]);
  const logs = await client.getLogs({ event: transferEvent, args: { to: bob }, fromBlock: 0n });
  assert.deepEqual(
    logs.map(({ args }) => args.value),
    [5n, 7n],
  );
  const [only] = await client.getLogs({ event: transferEvent, blockHash: block.hash });
  assert.equal(only?.logIndex, 0);
  const polled = await client.getFilterChanges({ filter });
  assert.deepEqual(
    polled.map(({ args }) => args.value),
    [5n, 7n],
  );
  assert.equal(await client.uninstallFilter({ filter }), true);
});

test("viem decodes revert reasons and custom errors, and knows why a transaction was refused", async (t) => {
  const { chain, url } = await startFakeServer(t);
  const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  const abi = parseAbi([
    "function mint(uint256)",
    "error SoldOut(uint256 left)",
    "error Error(string)",
  ]);
  const revert = async (data: ReturnType<typeof encodeErrorResult>) => {
    chain.nextCall = { type: "reverted", data: hexToBytes(data), gasUsed: 1n };
    const error = await client
      .simulateContract({ address: token, abi, functionName: "mint", args: [1n], account: alice })
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof BaseError);
    return error.walk(
      (cause) => cause instanceof ContractFunctionRevertedError,
    ) as ContractFunctionRevertedError;
  };
  const custom = await revert(encodeErrorResult({ abi, errorName: "SoldOut", args: [3n] }));
  assert.deepEqual(custom.data?.args, [3n]);
  const reason = await revert(encodeErrorResult({ abi, errorName: "Error", args: ["too late"] }));
  assert.equal(reason.reason, "too late");
  const refusedWith = async (code: "NONCE_TOO_LOW" | "INSUFFICIENT_FUNDS") => {
    chain.nextSubmit = { type: "rejected", code };
    return errorOf(await rpc(url, "eth_sendRawTransaction", ["0x02"])).message;
  };
  assert.match(await refusedWith("NONCE_TOO_LOW"), NonceTooLowError.nodeMessage);
  assert.match(await refusedWith("INSUFFICIENT_FUNDS"), InsufficientFundsError.nodeMessage);
});

test("viem watches blocks, logs and pending transactions over WebSocket", async (t) => {
  const { chain, wsUrl } = await startFakeServer(t);
  const client = createPublicClient({ transport: webSocket(wsUrl, { retryCount: 0 }) });
  t.after(async () => (await client.transport.getRpcClient()).close());
  const seen: { blocks: Block[]; values: unknown[]; pending: string[] } = {
    blocks: [],
    values: [],
    pending: [],
  };
  client.watchBlocks({ onBlock: (block) => seen.blocks.push(block as Block), emitMissed: false });
  client.watchEvent({
    event: transferEvent,
    onLogs: (logs) => seen.values.push(...logs.map(({ args }) => args.value)),
  });
  client.watchPendingTransactions({ onTransactions: (hashes) => seen.pending.push(...hashes) });
  await client.getBlockNumber();
  await until(() => chain.listeners > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const waiting = transfer(1);
  chain.wait(waiting);
  chain.extend([{ transaction: waiting, logs: [transferLog(alice, bob, 9n)] }]);
  await until(
    () =>
      seen.blocks.some(({ number }) => number === 1n) &&
      seen.values.length > 0 &&
      seen.pending.length > 0,
  );
  assert.deepEqual(seen.values, [9n]);
  assert.deepEqual(seen.pending, [waiting.hash]);
});

test("a reorganisation sends the removed logs again with removed: true, then the new head", async (t) => {
  const { chain, wsUrl } = await startFakeServer(t);
  const { request, received } = await openWebSocket(t, wsUrl);
  const logsId = resultOf(await request("eth_subscribe", ["logs", { topics: [transferTopic] }]));
  const headsId = resultOf(await request("eth_subscribe", ["newHeads"]));
  chain.extend([{ transaction: transfer(1), logs: [transferLog(alice, bob, 9n)] }]);
  const { removed, added } = chain.reorganise();
  type Notice = {
    params?: {
      subscription: unknown;
      result: { removed?: boolean; blockHash?: string; hash?: string };
    };
  };
  const notices = await until(() => {
    const all = (received as Notice[]).flatMap(({ params }) =>
      params === undefined ? [] : [params],
    );
    return all.length >= 4 && all;
  });
  const logs = notices
    .filter(({ subscription }) => subscription === logsId)
    .map(({ result }) => result);
  assert.deepEqual(
    logs.map((log) => [log.removed, log.blockHash]),
    [
      [false, removed.hash],
      [true, removed.hash],
    ],
  );
  const heads = notices
    .filter(({ subscription }) => subscription === headsId)
    .map(({ result }) => result.hash);
  assert.deepEqual(heads, [removed.hash, added.hash]);
  assert.equal(resultOf(await request("eth_unsubscribe", [logsId])), true);
  assert.equal(resultOf(await request("eth_unsubscribe", [logsId])), false);
});

test("pending transactions may be asked for whole; unknown subscriptions are refused; HTTP cannot subscribe", async (t) => {
  const { chain, url, wsUrl } = await startFakeServer(t, {
    limits: { subscriptionsPerConnectionMax: 1 },
  });
  const { request, received } = await openWebSocket(t, wsUrl);
  assert.equal(errorOf(await request("eth_subscribe", ["syncing"])).code, -32602);
  await request("eth_subscribe", ["newPendingTransactions", true]);
  assert.equal(errorOf(await request("eth_subscribe", ["newHeads"])).code, -32005);
  const waiting = transfer(1);
  chain.wait(waiting);
  const notice = await until(() => received.find(({ method }) => method === "eth_subscription"));
  const { params } = notice as { params?: { result: { hash: string; blockHash: null } } };
  assert.deepEqual([params?.result.hash, params?.result.blockHash], [waiting.hash, null]);
  assert.equal(errorOf(await rpc(url, "eth_subscribe", ["newHeads"])).code, -32601);
});

test("a subscription's first notification comes after the answer with its id", async (t) => {
  const { chain, wsUrl } = await startFakeServer(t);
  const { socket, received } = await openWebSocket(t, wsUrl);
  for (let i = 0; i < 20; i++) {
    socket.send(
      JSON.stringify({ jsonrpc: "2.0", id: i, method: "eth_subscribe", params: ["newHeads"] }),
    );
  }
  for (let i = 0; i < 50; i++) {
    chain.extend([]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => received.filter(({ id }) => id !== undefined).length === 20);
  const known = new Set<unknown>();
  for (const message of received as { result?: string; params?: { subscription: string } }[]) {
    if (message.result !== undefined) known.add(message.result);
    else assert.ok(known.has(message.params?.subscription));
  }
});

test("a subscription made in a batch is silent until the whole batch is answered", async (t) => {
  const { chain, wsUrl } = await startFakeServer(t);
  let finish = () => {};
  chain.callDelay = new Promise((resolve) => {
    finish = resolve;
  });
  const { socket, received, request } = await openWebSocket(t, wsUrl);
  const texts: string[] = [];
  socket.on("message", (data) => texts.push(String(data)));
  const subscribe = { jsonrpc: "2.0", id: "s", method: "eth_subscribe", params: ["newHeads"] };
  socket.send(
    JSON.stringify([subscribe, { jsonrpc: "2.0", id: "c", method: "eth_call", params: [{}] }]),
  );
  await request("eth_blockNumber");
  chain.extend([]);
  await request("eth_blockNumber");
  assert.equal(received.filter(({ method }) => method === "eth_subscription").length, 0);
  finish();
  await until(() => texts.length === 4);
  assert.match(texts[2] ?? "", /^\[/);
  assert.match(texts[3] ?? "", /eth_subscription/);
});

test("identity, status and the trivial methods", async (t) => {
  const { url } = await startFakeServer(t);
  const result = async (method: string, params: unknown[] = []) =>
    resultOf(await rpc(url, method, params));
  assert.match(String(await result("web3_clientVersion")), /^Sequorum\//);
  assert.equal(
    await result("web3_sha3", ["0x"]),
    "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
  );
  assert.equal(await result("net_version"), chainId.toString());
  assert.equal(await result("eth_syncing"), false);
  assert.deepEqual(await result("eth_accounts"), []);
  assert.equal(await result("eth_blobBaseFee"), "0x1");
  assert.equal(await result("eth_getUncleCountByBlockNumber", ["latest"]), "0x0");
  const status = (await result("sequorum_status")) as { role: string; heights: { soft: string } };
  assert.deepEqual([status.role, status.heights.soft], ["leader", "0x0"]);
});

test("browsers: allowed origins get CORS headers and preflights, others are refused", async (t) => {
  const { url, wsUrl } = await startFakeServer(t, { allowedOrigins: ["https://wallet.example"] });
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
  const allowed = await post(url, body, { origin: "https://wallet.example" });
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://wallet.example");
  assert.equal((await post(url, body, { origin: "https://evil.example" })).status, 403);
  const preflight = await fetch(url, {
    method: "OPTIONS",
    headers: { origin: "https://wallet.example" },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /content-type/);
  assert.equal((await post(url, body)).status, 200);
  await assert.rejects(openWebSocket(t, wsUrl, { origin: "https://evil.example" }), /403/);
  await openWebSocket(t, wsUrl, { origin: "https://wallet.example" });
});
