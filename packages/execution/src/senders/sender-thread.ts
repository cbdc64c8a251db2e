/** A thread that decodes transactions and recovers who sent them. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, hexToBytes } from "@sequorum/protocol";
import { createExecutor, type ExecutionRules, type TransactionFault } from "@sequorum/stf";
import type { ThreadAnswer } from "../threads/thread-requests.ts";
import { recoveryBytes } from "./recovery.ts";

/** What the thread starts with. */
export type SenderThreadData = {
  readonly chainId: bigint;
  readonly rules: ExecutionRules;
  readonly module: WebAssembly.Module;
};

/** Of each transaction its recovery, packed and in order, or the fault for which it has none. */
export type Recovered = {
  readonly recoveries: Uint8Array<ArrayBuffer>;
  readonly faults: readonly (TransactionFault | null)[];
};

const port = parentPort;
assert(port !== null, "this file runs as a worker thread");
const { chainId, rules, module } = workerData as SenderThreadData;
const executor = createExecutor({ store: { get: () => undefined }, chainId, rules, module });

port.on("message", ({ id, request }: { id: number; request: readonly Uint8Array[] }) => {
  const recoveries = new Uint8Array(recoveryBytes * request.length);
  const faults = request.map((raw, i) => {
    const decoded = executor.decodeTransaction(raw);
    if (decoded.type === "rejected") return decoded.code;
    recoveries.set(decoded.recovery, i * recoveryBytes);
    const from = hexToBytes(decoded.transaction.from);
    recoveries.set(from, i * recoveryBytes + decoded.recovery.length);
    return null;
  });
  const value: Recovered = { recoveries, faults };
  port.postMessage({ id, value } satisfies ThreadAnswer, [recoveries.buffer]);
});
