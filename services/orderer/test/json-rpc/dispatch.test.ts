import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics, silentLogger } from "@sequorum/service";
import fc from "fast-check";
import { createDispatch } from "../../src/json-rpc/dispatch.ts";
import { FilterRegistry } from "../../src/json-rpc/filters.ts";
import { defaultJsonRpcLimits, type JsonRpcLimits } from "../../src/json-rpc/limits.ts";
import { createMethods } from "../../src/json-rpc/methods.ts";
import { createJsonRpcMetrics } from "../../src/json-rpc/metrics.ts";
import { alice, bob, FakeChain, token, transfer, transferLog } from "./fake-chain.ts";
import { errorOf, resultOf } from "./harness.ts";

function dispatcher(changed: Partial<JsonRpcLimits> = {}) {
  const chain = new FakeChain();
  const limits = { ...defaultJsonRpcLimits, ...changed };
  const { chain: reader, calls: executor, pool } = chain.ports();
  const metrics = createMetrics("orderer");
  let nowMs = 0;
  const filters = new FilterRegistry(limits, { nowMs: () => nowMs });
  const context = { reader, executor, pool, node: chain.node, filters, limits };
  const dispatch = createDispatch({
    context,
    methods: createMethods(limits),
    metrics: createJsonRpcMetrics(metrics),
    logger: silentLogger,
  });
  const call = async (method: string, ...params: unknown[]): Promise<unknown> =>
    JSON.parse(
      (await dispatch(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))) ?? "null",
    );
  return { chain, dispatch, call, metrics, filters, pass: (ms: number) => (nowMs += ms) };
}

test("malformed messages get the error of JSON-RPC 2.0 and id null", async () => {
  const { dispatch } = dispatcher();
  const codeOf = async (text: string) => {
    const answer = JSON.parse((await dispatch(text)) ?? "null");
    return [errorOf(answer).code, answer.id];
  };
  assert.deepEqual(await codeOf("{"), [-32700, null]);
  assert.deepEqual(await codeOf(""), [-32700, null]);
  assert.deepEqual(await codeOf("[]"), [-32600, null]);
  assert.deepEqual(await codeOf("1"), [-32600, null]);
  assert.deepEqual(await codeOf('{"jsonrpc":"1.0","id":7,"method":"eth_chainId"}'), [-32600, 7]);
  assert.deepEqual(await codeOf('{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}'), [
    -32600,
    null,
  ]);
  assert.deepEqual(await codeOf('{"jsonrpc":"2.0","id":7,"method":5}'), [-32600, 7]);
  assert.deepEqual(await codeOf('{"jsonrpc":"2.0","id":"x","method":"eth_nope"}'), [-32601, "x"]);
  assert.deepEqual(await codeOf('{"jsonrpc":"2.0","id":1,"method":"__proto__"}'), [-32601, 1]);
  assert.deepEqual(
    await codeOf('{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[1]}'),
    [-32602, 1],
  );
  assert.deepEqual(await codeOf("[".repeat(100_000)), [-32600, null]);
});

test("a notification gets no answer, alone or in a batch", async () => {
  const { dispatch } = dispatcher();
  assert.equal(await dispatch('{"jsonrpc":"2.0","method":"eth_chainId"}'), undefined);
  assert.equal(await dispatch('[{"jsonrpc":"2.0","method":"eth_nope"}]'), undefined);
  const answers = JSON.parse(
    (await dispatch(
      '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"},7,{"jsonrpc":"2.0","id":2,"method":"eth_nope"}]',
    )) ?? "null",
  ) as { id: unknown }[];
  assert.deepEqual(
    answers.map(({ id }) => id),
    [1, null, 2],
  );
});

test("batches are bounded in number and in the size of their answers", async () => {
  const { dispatch } = dispatcher({ batchItemsMax: 3, responseCharactersMax: 120 });
  const item = { jsonrpc: "2.0", id: 1, method: "eth_chainId" };
  const refused = JSON.parse((await dispatch(JSON.stringify([item, item, item, item]))) ?? "null");
  assert.equal(errorOf(refused).code, -32005);
  const answers = JSON.parse(
    (await dispatch(JSON.stringify([item, item, item]))) ?? "null",
  ) as unknown[];
  assert.equal(resultOf(answers[0]), "0xa5b8");
  assert.equal(errorOf(answers[2]).code, -32003);
  const big = dispatcher({ responseCharactersMax: 50 });
  assert.equal(errorOf(await big.call("web3_sha3", "0x")).code, -32003);
});

test("a request that takes too long is answered with a timeout", async () => {
  const { chain, call } = dispatcher({ requestTimeoutMs: 20 });
  chain.callDelay = new Promise(() => {});
  const error = errorOf(await call("eth_call", { to: token }));
  assert.deepEqual([error.code, error.message], [-32002, "request timed out"]);
});

test("a batch as a whole has a deadline", async () => {
  const { chain, dispatch } = dispatcher({ batchTimeoutMs: 20, requestTimeoutMs: 30 });
  chain.callDelay = new Promise(() => {});
  const item = { jsonrpc: "2.0", id: 1, method: "eth_call", params: [{}] };
  const startedAt = performance.now();
  const answers = JSON.parse(
    (await dispatch(JSON.stringify(Array(50).fill(item)))) ?? "null",
  ) as unknown[];
  assert.deepEqual(new Set(answers.map((one) => errorOf(one).code)), new Set([-32002]));
  assert.equal(answers.length, 50);
  assert.ok(performance.now() - startedAt < 1_000);
});

test("a bug in a handler is an internal error without details", async () => {
  const { chain, call } = dispatcher();
  chain.failsToRead = true;
  const error = errorOf(await call("eth_getBlockReceipts", "latest"));
  assert.deepEqual([error.code, error.message, error.data], [-32603, "internal error", undefined]);
});

test("every method answers on an empty chain and on nonsense", async () => {
  const { call } = dispatcher();
  for (const method of createMethods(defaultJsonRpcLimits).keys()) {
    for (const params of [
      [],
      [null],
      ["latest"],
      [{}],
      ["0x0", "0x0", "0x0", "0x0", "0x0"],
      [[[]]],
    ]) {
      const answer = (await call(method, ...params)) as Record<string, unknown>;
      assert.ok(
        "result" in answer || errorOf(answer).code !== -32603,
        `${method} ${JSON.stringify(answer)}`,
      );
    }
  }
});

test("any text gets a valid answer or none, and never an internal error", async () => {
  const { dispatch } = dispatcher();
  const methods = [...createMethods(defaultJsonRpcLimits).keys()];
  const hexLike = fc.oneof(
    fc.bigInt({ min: 0n, max: 1n << 70n }).map((n) => `0x${n.toString(16)}`),
    fc.constantFrom(alice, "latest", "safe", "0x", `0x${"11".repeat(32)}`, "logs", "newHeads"),
  );
  const params = fc.array(
    fc.oneof(
      hexLike,
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom(
          "from",
          "to",
          "data",
          "address",
          "topics",
          "fromBlock",
          "blockHash",
          "value",
        ),
        fc.oneof(hexLike, fc.jsonValue()),
      ),
    ),
    { maxLength: 4 },
  );
  const request = fc.record({
    jsonrpc: fc.constantFrom("2.0", "2.0", "1.0"),
    id: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
    method: fc.constantFrom(...methods, "nope"),
    params,
  });
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    request.map((r) => JSON.stringify(r)),
    fc.array(request, { maxLength: 3 }).map((r) => JSON.stringify(r)),
  );
  await fc.assert(
    fc.asyncProperty(text, async (sent) => {
      const answer = await dispatch(sent);
      if (answer === undefined) return;
      const parsed = JSON.parse(answer) as unknown;
      for (const one of Array.isArray(parsed) ? parsed : [parsed]) assertValidAnswer(one);
    }),
    { numRuns: 1_000 },
  );
});

function assertValidAnswer(value: unknown): void {
  const answer = value as Record<string, unknown>;
  assert.equal(answer["jsonrpc"], "2.0");
  assert.ok("id" in answer);
  assert.notEqual("result" in answer, "error" in answer);
  if (!("error" in answer)) return;
  const { code, message } = errorOf(answer);
  assert.ok(Number.isInteger(code) && code !== -32603, message);
  assert.ok(message.length > 0);
}

test("logs: range, count and address limits are typed errors; ranges above the head are empty", async () => {
  const { chain, call } = dispatcher({ logBlocksMax: 2, logResultsMax: 1 });
  const logs = [transferLog(alice, bob, 1n)];
  chain.extend([{ transaction: transfer(1), logs }]);
  chain.extend([{ transaction: transfer(2), logs }]);
  const get = (filter: object) => call("eth_getLogs", filter);
  assert.equal((resultOf(await get({ fromBlock: "0x1", toBlock: "0x1" })) as unknown[]).length, 1);
  const tooWide = errorOf(await get({ fromBlock: "0x0", toBlock: "latest" }));
  assert.deepEqual([tooWide.code, tooWide.data], [-32005, { limit: "logBlocksMax" }]);
  const tooMany = errorOf(await get({ fromBlock: "0x1", toBlock: "0x2" }));
  assert.deepEqual([tooMany.code, tooMany.data], [-32005, { limit: "logResultsMax" }]);
  assert.equal(errorOf(await get({ fromBlock: "0x2", toBlock: "0x1" })).code, -32602);
  assert.equal(errorOf(await get({ blockHash: `0x${"00".repeat(32)}` })).code, -32000);
  assert.deepEqual(resultOf(await get({ fromBlock: "0x9", toBlock: "0x9" })), []);
});

test("filters collect changes, are taken once, expire, and are bounded", async () => {
  const { chain, call, filters, pass } = dispatcher({ filtersMax: 2, filterChangesMax: 2 });
  const id = resultOf(await call("eth_newBlockFilter"));
  const header = chain.extend([]);
  filters.notify({ type: "chainChanged", added: [header], logs: [] });
  assert.deepEqual(resultOf(await call("eth_getFilterChanges", id)), [header.hash]);
  assert.deepEqual(resultOf(await call("eth_getFilterChanges", id)), []);
  assert.equal(errorOf(await call("eth_getFilterLogs", id)).message, "filter not found");
  await call("eth_newPendingTransactionFilter");
  assert.equal(errorOf(await call("eth_newBlockFilter")).code, -32005);
  for (let i = 0; i < 3; i++) filters.notify({ type: "chainChanged", added: [header], logs: [] });
  assert.equal(errorOf(await call("eth_getFilterChanges", id)).message, "filter not found");
  pass(defaultJsonRpcLimits.filterIdleMs + 1);
  filters.removeExpired();
  assert.equal(filters.size, 0);
  assert.equal(resultOf(await call("eth_uninstallFilter", id)), false);
});

test("rejections and reverts reach the client with geth's codes", async () => {
  const { chain, call } = dispatcher();
  chain.nextSubmit = {
    type: "rejected",
    code: "INSUFFICIENT_FUNDS",
    detail: { balance: 1n, cost: 2n },
  };
  const rejected = errorOf(await call("eth_sendRawTransaction", "0x02"));
  assert.deepEqual(
    [rejected.code, rejected.message, rejected.data],
    [
      -32000,
      "insufficient funds for gas * price + value: balance 1, cost 2",
      { code: "INSUFFICIENT_FUNDS" },
    ],
  );
  chain.nextCall = { type: "reverted", data: Uint8Array.of(1, 2, 3, 4), gasUsed: 1n };
  const reverted = errorOf(await call("eth_call", { to: token }));
  assert.deepEqual(
    [reverted.code, reverted.message, reverted.data],
    [3, "execution reverted", "0x01020304"],
  );
  chain.nextCall = { type: "failed", reason: "out of gas", gasUsed: 1n };
  assert.equal(errorOf(await call("eth_estimateGas", { to: token })).message, "out of gas");
});

test("confirmation tells unknown, pending and how firm a mined transaction is", async () => {
  const { chain, call } = dispatcher();
  const mined = transfer(1);
  const waiting = transfer(2);
  chain.extend([{ transaction: mined }]);
  chain.safe = 1n;
  chain.wait(waiting);
  const level = async (hash: string) =>
    (resultOf(await call("sequorum_getConfirmation", hash)) as { level: string }).level;
  assert.equal(await level(`0x${"00".repeat(32)}`), "unknown");
  assert.equal(await level(waiting.hash), "pending");
  assert.deepEqual(resultOf(await call("sequorum_getConfirmation", mined.hash)), {
    level: "posted",
    block: { number: "0x1", hash: chain.canonical[1] },
    batch: "0x1",
    l1TxHash: `0x${"00".repeat(32)}`,
  });
});

test("metrics name the method only if it is in the table", async () => {
  const { call, metrics } = dispatcher();
  await call("eth_chainId");
  await call("attacker_chosen_name");
  const text = await metrics.text();
  assert.match(
    text,
    /sequorum_json_rpc_requests_total\{method="eth_chainId",outcome="success"[^}]*\} 1/,
  );
  assert.match(
    text,
    /sequorum_json_rpc_requests_total\{method="unknown",outcome="methodNotFound"[^}]*\} 1/,
  );
  assert.doesNotMatch(text, /attacker_chosen_name/);
});

test("what needs a state that is pruned is told so, and from where on states are kept", async () => {
  const { chain, call } = dispatcher();
  chain.extend([]);
  chain.extend([]);
  chain.keptFrom = 2n;
  const { code, message, data } = errorOf(await call("eth_getBalance", alice, "0x1"));
  assert.equal(code, -32000);
  assert.equal(message, "state of block 1 is pruned; this node keeps states from block 2 on");
  assert.deepEqual(data, { code: "STATE_PRUNED", keptFrom: "0x2" });
  assert.equal(resultOf(await call("eth_getBalance", alice, "0x2")), "0xde0b6b3a7640000");
});
