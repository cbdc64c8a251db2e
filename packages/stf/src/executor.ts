/** The rule book behind the `Executor` port: runs of the state-transition module. */
import { assert } from "@sequorum/protocol";
import { outputBatchBlock, outputFault, outputTransaction } from "../assembly/interface.ts";
import {
  applyBlock,
  buildBlock,
  type Machine,
  traceTransaction,
  verifyBlock,
} from "./block-run.ts";
import { fromHex } from "./bytes.ts";
import { runCall } from "./call-run.ts";
import { batchFault, transactionFault } from "./faults.ts";
import { makeGenesis } from "./genesis.ts";
import { type HostOptions, loadModule, ModuleHost } from "./module.ts";
import { readAccount, readCode, readProof, readStorage } from "./reading.ts";
import { decodeBatchBlock, decodePair, decodeTransactionOutput } from "./results.ts";
import type { ExecutionRules } from "./rules.ts";
import { batchTask, type TaskRules, transactionTask } from "./tasks.ts";
import type { DecodedBatch, DecodedTransaction, Executor, StateStore } from "./types.ts";

/** What an executor needs. */
export type ExecutorOptions = {
  readonly store: StateStore;
  readonly chainId: bigint;
  readonly rules?: Partial<ExecutionRules>;
  /** The compiled module, e.g. from another thread; loaded when it is not given. */
  readonly module?: WebAssembly.Module;
} & HostOptions;

/** Default of `blockTransactionBytesMax`: a default batch less its overhead. */
const defaultBlockTransactionBytesMax = 92 * 1_024;

/** Makes the executor. */
export function createExecutor({ store, chainId, ...options }: ExecutorOptions): Executor {
  const host = new ModuleHost(store, options.module ?? loadModule(), options);
  const rules: TaskRules = {
    chainId,
    originDriftSecondsMax: options.rules?.originDriftSecondsMax ?? 600,
    blockTransactionBytesMax:
      options.rules?.blockTransactionBytesMax ?? defaultBlockTransactionBytesMax,
    transactionBytesMax: options.rules?.transactionBytesMax ?? 128 * 1_024,
  };
  const machine: Machine = { host, rules };
  const task = transactionTask(chainId, rules.transactionBytesMax);
  return {
    genesisBlock: (genesis) => makeGenesis(host, genesis),
    applyBatchBlock: (parent, inputs) => applyBlock(machine, parent, inputs),
    buildBlock: (parent, inputs, limits) => buildBlock(machine, { parent, inputs, limits }),
    verifyBlock: (parent, block, derived) => verifyBlock(machine, { parent, block, derived }),
    traceTransaction: (parent, block, traced) =>
      traceTransaction(machine, parent, { block, traced }),
    decodeTransaction: (raw) => decodeTransaction(host, task, raw),
    rememberSender: (recovery, from) => host.senders.remember(recovery, fromHex(from)),
    decodeBatch: (data) => decodeBatch(host, data),
    account: (root, address) => readAccount(host, root, address),
    code: (root, address) => readCode({ host, store }, root, address),
    storage: (root, address, slot) => readStorage(host, { root, address, slot }),
    proof: (root, address, slots) => readProof(host, { root, address, slots }),
    call: (header, request) => runCall(machine, header, request),
  };
}

function decodeTransaction(
  host: ModuleHost,
  task: Uint8Array,
  raw: Uint8Array,
): DecodedTransaction {
  const isDone = host.run("transaction", {
    task,
    transaction: (index) => (index === 0 ? raw : undefined),
  });
  if (!isDone) {
    return { type: "rejected", code: transactionFault(faultCode(host)) };
  }
  const [output] = host.outputs.of(outputTransaction);
  assert(output !== undefined, "a transaction that is decoded is told");
  const transaction = decodeTransactionOutput(output, raw);
  return { type: "decoded", transaction, recovery: host.lastRecovery.slice() };
}

function decodeBatch(host: ModuleHost, data: Uint8Array): DecodedBatch {
  if (!host.run("batch", { task: batchTask, batchData: data })) {
    return { type: "rejected", code: batchFault(faultCode(host)) };
  }
  return { type: "decoded", blocks: host.outputs.of(outputBatchBlock).map(decodeBatchBlock) };
}

function faultCode(host: ModuleHost): number {
  const [output] = host.outputs.of(outputFault);
  assert(output !== undefined, "a run that is refused has a fault");
  return Number(decodePair(output)[0]);
}
