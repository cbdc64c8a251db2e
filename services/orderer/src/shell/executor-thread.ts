/**
 * The thread in which blocks, or calls, are executed: one long transaction must not keep the process from its signs of
 * life and its answers. It reads state on a connection of its own and writes nothing.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert, AssertionFailure } from "@sequorum/protocol";
import { createCachedStateStore, createExecutor } from "@sequorum/stf";
import { openStore } from "@sequorum/store";
import { createBlockReader } from "../adapters/block-reader.ts";
import type { ThreadAnswer, ThreadData, ThreadRequest } from "./threaded-executor.ts";

const headersMax = 4_096;
const connectionsMax = 2;

const port = parentPort;
assert(port !== null, "this file runs as a worker thread");
const { postgresUrl, chainId, rules, nodesMax } = workerData as ThreadData;
const store = await openStore({
  url: postgresUrl,
  schema: "orderer",
  migrations: new URL("../../migrations/", import.meta.url),
  signal: new AbortController().signal,
  connectionsMax,
});
const reader = createBlockReader(store.sql);
const states = createCachedStateStore(
  { readNode: reader.node, readHeader: reader.header },
  { nodesMax, headersMax },
);
const executor = createExecutor({ store: states, chainId, rules });

async function answer(request: ThreadRequest): Promise<unknown> {
  switch (request.method) {
    case "build": {
      const nowMs = () => performance.now();
      const limits = { stopAtMs: nowMs() + request.buildMsMax, nowMs };
      const result = await executor.buildBlock(request.parent, request.inputs, limits);
      if (result.type === "executed") states.hold(result);
      return result;
    }
    case "verify": {
      const result = await executor.verifyBlock(request.parent, request.block, request.derived);
      if (result.type === "executed") states.hold(result);
      return result;
    }
    case "call":
      return executor.call(request.header, request.request);
    case "start":
      return undefined;
    case "prepare":
      for (const raw of request.raws) executor.decodeTransaction(raw);
      return undefined;
    case "release":
      return states.release(request.hash, request.isStored);
  }
}

port.on("message", ({ id, request }: { id: number; request: ThreadRequest }) => {
  answer(request).then(
    (value) => port.postMessage({ id, value } satisfies ThreadAnswer),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      port.postMessage({
        id,
        failure: { message, isBug: error instanceof AssertionFailure },
      } satisfies ThreadAnswer);
    },
  );
});
