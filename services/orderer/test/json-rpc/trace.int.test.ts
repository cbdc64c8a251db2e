/** debug_traceCall and debug_traceTransaction of a real node, against what anvil answers for the same transactions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesToHex, type Hex } from "@sequorum/protocol";
import { createMetrics, silentLogger } from "@sequorum/service";
import { startAnvil, startPostgres } from "@sequorum/testkit/servers";
import { privateKeyToAccount } from "viem/accounts";
import { startJsonRpcServer } from "../../src/json-rpc/server.ts";
import { nodeInfo } from "../../src/shell/node-info.ts";
import {
  confirmOrigin,
  keyOf,
  l2ChainId,
  startTerm,
  startTestNode,
  testNetwork,
} from "../network.ts";
import { assemble } from "./assembler.ts";
import { errorOf, resultOf, rpc, until } from "./harness.ts";

type Step = {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
  readonly error?: string;
  readonly stack?: readonly string[];
  readonly memory?: readonly string[];
  readonly storage?: Readonly<Record<string, string>>;
};
type Trace = {
  readonly gas: number;
  readonly failed: boolean;
  readonly returnValue: string;
  readonly structLogs: readonly Step[];
};

const account = privateKeyToAccount(bytesToHex(keyOf(0)));
/** Init code that writes slot 2 and leaves one byte of code. */
const child = assemble("PUSH1 5 PUSH1 2 SSTORE PUSH1 1 PUSH0 RETURN");
/** Without data it calls itself in every way, with one byte it counts, with more it writes where it must not. */
const runtime = assemble(`
  CALLDATASIZE PUSH2 :called JUMPI
  PUSH1 1 SLOAD PUSH1 1 ADD PUSH1 1 SSTORE
  PUSH0 PUSH0 PUSH1 1 PUSH0 PUSH0 ADDRESS PUSH2 40000 CALL POP
  PUSH0 PUSH0 PUSH1 1 PUSH0 ADDRESS PUSH2 40000 DELEGATECALL POP
  PUSH0 PUSH0 PUSH1 2 PUSH0 ADDRESS PUSH2 40000 STATICCALL POP
  PUSH32 ${child.slice(2).padEnd(64, "0")} PUSH0 MSTORE
  PUSH1 ${child.length / 2 - 1} PUSH0 PUSH0 CREATE
  PUSH1 3 SSTORE PUSH1 1 SLOAD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
  called: JUMPDEST PUSH1 1 CALLDATASIZE GT PUSH2 :writes JUMPI
  PUSH1 7 SLOAD PUSH1 1 ADD PUSH1 7 SSTORE PUSH1 1 SLOAD STOP
  writes: JUMPDEST PUSH1 9 PUSH1 9 SSTORE`);
const length = runtime.length / 2 - 1;
const deployment: Hex =
  `${assemble(`PUSH2 ${length} PUSH2 15 PUSH0 CODECOPY PUSH2 ${length} PUSH0 RETURN`).padEnd(32, "0")}${runtime.slice(2)}` as Hex;

async function startNode(t: { after(work: () => Promise<unknown>): void }) {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const node = await startTestNode({
    network: testNetwork(1, { blockIntervalMs: 200 }),
    postgresUrl: await postgres.createDatabase(),
    key: keyOf(9),
  });
  t.after(() => node.stop());
  await confirmOrigin(node, 1n);
  await startTerm(node, 1n, node.self);
  const limits = { drainMs: 100 };
  const server = await startJsonRpcServer({
    ...{ port: 0, reader: node.chain, executor: node.calls, pool: node.pool },
    ...{ subscriptions: node.events, node: nodeInfo("test", node), limits, logger: silentLogger },
    ...{ metrics: createMetrics("orderer"), signal: new AbortController().signal },
  });
  t.after(() => server.close());
  return { node, url: `http://127.0.0.1:${server.port}` };
}

async function send(
  url: string,
  nonce: number,
  fields: { to?: Hex; data?: Hex; gas: bigint },
): Promise<Hex> {
  const raw = await account.signTransaction({
    ...{ type: "eip1559", chainId: Number(l2ChainId), nonce },
    ...{ maxFeePerGas: 30_000_000_000n, maxPriorityFeePerGas: 1n, ...fields },
  });
  const hash = resultOf(await rpc(url, "eth_sendRawTransaction", [raw])) as Hex;
  await until(async () => resultOf(await rpc(url, "eth_getTransactionReceipt", [hash])) !== null);
  return hash;
}

/** What must not depend on who writes the trace: how gas of calls is told does, and so do words for errors. */
function comparable({ gas: gasUsed, failed, structLogs }: Trace) {
  const words = (slots: Step["storage"]) =>
    slots === undefined ? undefined : Object.entries(slots).sort();
  return {
    gasUsed,
    failed,
    steps: structLogs.map(({ pc, op, depth, stack, gas, gasCost, storage, error }) => ({
      ...{ pc, op, depth, stack, gas, storage: words(storage) },
      gasCost: error !== undefined || /CALL$|^CREATE/.test(op) ? undefined : gasCost,
    })),
  };
}

test("a transaction's trace is the one that anvil writes for it", async (t) => {
  const { url } = await startNode(t);
  const anvil = await startAnvil({
    args: ["--chain-id", String(l2ChainId), "--hardfork", "cancun", "--steps-tracing"],
  });
  t.after(() => anvil.stop());
  await rpc(anvil.url, "anvil_setBalance", [account.address, "0x21e19e0c9bab2400000"]);
  const hashes: Hex[] = [];
  for (const each of [url, anvil.url]) {
    const creation = await send(each, 0, { data: deployment, gas: 1_000_000n });
    const { contractAddress: to } = resultOf(
      await rpc(each, "eth_getTransactionReceipt", [creation]),
    ) as { contractAddress: Hex };
    hashes.push(
      creation,
      await send(each, 1, { to, gas: 400_000n }),
      await send(each, 2, { to, gas: 30_000n }),
    );
  }
  assert.deepEqual(hashes.slice(0, 3), hashes.slice(3), "both have the same transactions");
  for (const hash of hashes.slice(0, 3)) {
    const [own, anvils] = await Promise.all(
      [url, anvil.url].map(
        async (each) => resultOf(await rpc(each, "debug_traceTransaction", [hash])) as Trace,
      ),
    );
    assert.ok(own !== undefined && anvils !== undefined && own.structLogs.length > 5);
    assert.deepEqual(comparable(own), comparable(anvils));
  }
});

test("a call is traced with what is asked for, within its bounds", async (t) => {
  const { url, node } = await startNode(t);
  const creation = await send(url, 0, { data: deployment, gas: 1_000_000n });
  const { contractAddress: to } = resultOf(
    await rpc(url, "eth_getTransactionReceipt", [creation]),
  ) as { contractAddress: Hex };
  const trace = async (config: object, call: object = {}) =>
    resultOf(await rpc(url, "debug_traceCall", [{ to, ...call }, "latest", config])) as Trace;
  const whole = await trace({});
  assert.equal(whole.failed, false);
  assert.equal(whole.returnValue, `0x${"1".padStart(64, "0")}`);
  const counted = whole.structLogs.find(({ op, depth }) => op === "SSTORE" && depth === 2);
  const word = (value: number) => `0x${value.toString(16).padStart(64, "0")}`;
  assert.deepEqual(counted?.storage, { [word(1)]: word(1), [word(7)]: word(1) });
  assert.ok(whole.structLogs.some(({ error }) => error === "state change in a static call"));
  const bare = await trace({
    enableMemory: true,
    disableStack: true,
    disableStorage: true,
    limit: 3,
  });
  assert.equal(bare.structLogs.length, 3);
  assert.ok(
    bare.structLogs.every(
      (step) => step.memory !== undefined && !("stack" in step) && !("storage" in step),
    ),
  );
  const withMemory = await trace({ enableMemory: true });
  assert.equal(withMemory.structLogs.at(-1)?.memory?.[0], word(1));
  const failed = await trace({}, { gas: "0x7530" });
  assert.equal(failed.failed, true);
  assert.equal(failed.structLogs.at(-1)?.error, "out of gas");
  const overridden = await trace(
    { stateOverrides: { [to]: { code: "0x5b5f56" } }, limit: 10 },
    { gas: "0x4c4b40" },
  );
  assert.equal(overridden.structLogs.length, 10);
  const looping = { stateOverrides: { [to]: { code: "0x5b5f56" } } };
  const refused = async (gas: Hex, config: object) =>
    errorOf(await rpc(url, "debug_traceCall", [{ to, gas }, "latest", config]));
  const tooMany = await refused("0x7a120", looping);
  assert.deepEqual([tooMany.code, tooMany.data], [-32005, { limit: "traceStepsMax" }]);
  assert.match(tooMany.message, /ask for at most 20000 with "limit"/);
  // MSTORE far away first: each step has 64 KiB of memory
  const large = { stateOverrides: { [to]: { code: "0x5f61ffe0525b600556" } }, enableMemory: true };
  const tooLarge = await refused("0x186a0", large);
  assert.deepEqual([tooLarge.code, tooLarge.data], [-32005, { limit: "traceBytesMax" }]);
  assert.deepEqual(node.failures, []);
});

test("what cannot be traced is answered with a reason", async (t) => {
  const { url } = await startNode(t);
  const nothing = `0x${"00".repeat(32)}`;
  const messageOf = async (method: string, params: unknown[]) => {
    const { code, message } = errorOf(await rpc(url, method, params));
    return `${code} ${message}`;
  };
  assert.equal(
    await messageOf("debug_traceTransaction", [nothing]),
    "-32000 transaction not found",
  );
  assert.equal(
    await messageOf("debug_traceCall", [{ to: nothing.slice(0, 42) }, "0x99"]),
    "-32000 header not found",
  );
  assert.match(
    await messageOf("debug_traceTransaction", [nothing, { tracer: "callTracer" }]),
    /^-32602 .*callTracer is not offered/,
  );
  assert.match(await messageOf("debug_traceTransaction", [nothing, { limit: -1 }]), /^-32602 /);
  assert.match(
    await messageOf("debug_traceCall", [
      { to: nothing.slice(0, 42) },
      "latest",
      { enableReturnData: true },
    ]),
    /^-32602 .*enableReturnData is not offered/,
  );
  const broke = [{ from: account.address, value: "0xffffffffffffffffffffffff" }, "latest"];
  assert.match(await messageOf("debug_traceCall", broke), /^-32000 insufficient funds/);
});
