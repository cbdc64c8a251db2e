/**
 * The thread in which blocks, or calls, are executed: one long transaction must not keep the process from its signs of
 * life and its answers. It reads state through its channel and writes nothing.
 */
import { parentPort, workerData } from "node:worker_threads";
import { AssertionFailure, assert, unreachable } from "@sequorum/protocol";
import { describeError } from "@sequorum/service/errors";
import {
  contentEntries,
  createCachedStateStore,
  createExecutor,
  type ExecutedBlock,
  MissingContent,
  type NotIncludable,
} from "@sequorum/stf";
import { channelBackend } from "../contents/content-channel.ts";
import { rememberSenders } from "../senders/recovery.ts";
import type {
  ExecutionThreadData,
  ThreadAnswer,
  ThreadFailure,
  ThreadRequest,
} from "./thread-requests.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker thread");
const { chainId, rules, module, channel, cacheBytesMax } = workerData as ExecutionThreadData;
const states = createCachedStateStore(channelBackend(channel), { bytesMax: cacheBytesMax });
const executor = createExecutor({ store: states, chainId, rules, module });

function answer(request: ThreadRequest): unknown {
  switch (request.method) {
    case "start":
      return undefined;
    case "build": {
      const nowMs = () => performance.now();
      const limits = { stopAtMs: nowMs() + request.buildMsMax, nowMs };
      return held(executor.buildBlock(request.parent, request.inputs, limits));
    }
    case "verify":
      return held(executor.verifyBlock(request.parent, request.block, request.derived));
    case "apply":
      return held(executor.applyBatchBlock(request.parent, request.inputs));
    case "decodeBatch":
      return executor.decodeBatch(request.data);
    case "call":
      return executor.call(request.header, request.request);
    case "trace": {
      const { parent, block, traced } = request.asked;
      return executor.traceTransaction(parent, block, traced);
    }
    case "remember":
      return rememberSenders(executor, request.recoveries);
    case "add":
      for (const { hash, content } of contentEntries(request.contents)) states.add(hash, content);
      return undefined;
    case "release":
      return states.release(request.hash, request.isStored);
    default:
      return unreachable(request);
  }
}

/** The next block may be asked for before this one is stored. */
function held<T extends ExecutedBlock | NotIncludable>(result: T): T {
  if (result.type === "executed") states.hold(result);
  return result;
}

function failureOf(error: unknown): ThreadFailure {
  const message = describeError(error);
  if (error instanceof MissingContent) return { message, kind: "missing", missing: error.hash };
  return { message, kind: error instanceof AssertionFailure ? "bug" : "environment" };
}

port.on("message", ({ id, request }: { id: number; request: ThreadRequest }) => {
  let told: ThreadAnswer;
  try {
    told = { id, value: answer(request) };
  } catch (error) {
    told = { id, failure: failureOf(error) };
  }
  port.postMessage(told);
});
