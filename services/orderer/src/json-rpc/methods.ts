/** The method table: for each method its parameters and its handler. Nothing else decides what is offered. */
import type { Hex } from "@sequorum/protocol";
import { callParams, stateOverrides } from "./call-params.ts";
import type { Context, Session } from "./context.ts";
import * as blocks from "./handlers/blocks.ts";
import * as calls from "./handlers/calls.ts";
import * as debug from "./handlers/debug.ts";
import * as fees from "./handlers/fees.ts";
import * as logs from "./handlers/logs.ts";
import * as node from "./handlers/node.ts";
import * as state from "./handlers/state.ts";
import * as subscriptions from "./handlers/subscribe.ts";
import * as transactions from "./handlers/transactions.ts";
import type { Json } from "./json.ts";
import type { JsonRpcLimits } from "./limits.ts";
import { logQuery } from "./log-filter.ts";
import * as p from "./params.ts";
import { traceParams } from "./trace-params.ts";

/** A method with its parameters parsed on the way in. */
export type Method = (context: Context, params: unknown, session: Session) => Promise<Json>;

/** All methods by name. */
export type MethodTable = ReadonlyMap<string, Method>;

/** Builds the table; the limits bound the parameters' sizes. */
export function createMethods(limits: JsonRpcLimits): MethodTable {
  return new Map([
    ...nodeMethods,
    ...blockMethods,
    ...transactionMethods,
    ...stateMethods(limits),
    ...callMethods,
    ...debugMethods,
    ...feeMethods(limits),
    ...logMethods(limits),
    ...subscriptionMethods,
  ]);
}

type Handler<P> = (context: Context, params: P, session: Session) => Json | Promise<Json>;
type Entry = readonly [name: string, method: Method];

function define<P extends readonly unknown[]>(
  name: string,
  list: p.ParamList<P>,
  handler: Handler<P>,
): Entry {
  return [
    name,
    async (context, params, session) => handler(context, p.parseParams(list, params), session),
  ];
}

function constant(name: string, value: Json): Entry {
  return define(name, [], () => value);
}

const blockHash = p.required("block hash", (value, where) =>
  blocks.blockByHash(p.hash(value, where)),
);
const blockNumber = p.required("block number", p.blockNumber);
const block = p.required("block", p.blockParameter);
const blockOrLatest = p.optional("block", p.blockParameter, p.latestBlock);
const isFull = p.optional("full transactions", p.boolean, false);
const account = p.required("address", p.address);
const transactionHash = p.required("transaction hash", p.hash);
const transactionIndex = p.required("transaction index", p.quantity64);
const filterId = p.required("filter id", p.bytes);

const nodeMethods: readonly Entry[] = [
  constant("web3_clientVersion", node.clientVersion),
  define("web3_sha3", [p.required("data", p.bytes)], node.sha3),
  define("net_version", [], node.netVersion),
  constant("net_listening", true),
  constant("net_peerCount", "0x0"),
  constant("rpc_modules", {
    ...{ eth: "1.0", net: "1.0", web3: "1.0", rpc: "1.0", debug: "1.0", sequorum: "1.0" },
  }),
  define("eth_chainId", [], node.chainId),
  define("eth_syncing", [], node.syncing),
  constant("eth_accounts", []),
  define("sequorum_getConfirmation", [transactionHash], node.getConfirmation),
  define("sequorum_status", [], node.status),
];

const blockMethods: readonly Entry[] = [
  define("eth_blockNumber", [], blocks.blockNumber),
  define("eth_getBlockByNumber", [blockNumber, isFull], blocks.getBlock),
  define("eth_getBlockByHash", [blockHash, isFull], blocks.getBlock),
  define("eth_getBlockTransactionCountByNumber", [blockNumber], blocks.getTransactionCountOfBlock),
  define("eth_getBlockTransactionCountByHash", [blockHash], blocks.getTransactionCountOfBlock),
  define("eth_getBlockReceipts", [block], blocks.getBlockReceipts),
  define("eth_getUncleCountByBlockNumber", [blockNumber], blocks.getUncleCount),
  define("eth_getUncleCountByBlockHash", [blockHash], blocks.getUncleCount),
  define("eth_getUncleByBlockNumberAndIndex", [blockNumber, transactionIndex], () => null),
  define("eth_getUncleByBlockHashAndIndex", [blockHash, transactionIndex], () => null),
];

const transactionMethods: readonly Entry[] = [
  define(
    "eth_sendRawTransaction",
    [p.required("transaction", p.bytes)],
    transactions.sendRawTransaction,
  ),
  define("eth_getTransactionByHash", [transactionHash], transactions.getTransactionByHash),
  define("eth_getRawTransactionByHash", [transactionHash], transactions.getRawTransaction),
  define(
    "eth_getTransactionByBlockNumberAndIndex",
    [blockNumber, transactionIndex],
    transactions.getTransactionByPlace,
  ),
  define(
    "eth_getTransactionByBlockHashAndIndex",
    [blockHash, transactionIndex],
    transactions.getTransactionByPlace,
  ),
  define("eth_getTransactionReceipt", [transactionHash], transactions.getTransactionReceipt),
  define("eth_getTransactionCount", [account, blockOrLatest], transactions.getTransactionCount),
];

function stateMethods(limits: JsonRpcLimits): readonly Entry[] {
  const slots = p.required("storage keys", p.arrayOf(p.storageSlot, limits.proofSlotsMax));
  return [
    define("eth_getBalance", [account, blockOrLatest], state.getBalance),
    define("eth_getCode", [account, blockOrLatest], state.getCode),
    define(
      "eth_getStorageAt",
      [account, p.required("slot", p.storageSlot), blockOrLatest],
      state.getStorageAt,
    ),
    define("eth_getProof", [account, slots, blockOrLatest], state.getProof),
  ];
}

const callList = [
  p.required("transaction", callParams),
  blockOrLatest,
  p.optional("state overrides", stateOverrides, {}),
] as const;

const callMethods: readonly Entry[] = [
  define<calls.CallArguments>("eth_call", callList, calls.call),
  define<calls.CallArguments>("eth_estimateGas", callList, calls.estimateGas),
  define<calls.CallArguments>("eth_createAccessList", callList, calls.createAccessList),
];

const configName = "trace configuration";
const traceConfig = p.optional(configName, traceParams, traceParams({}, configName));

const debugMethods: readonly Entry[] = [
  define(
    "debug_traceCall",
    [p.required("transaction", callParams), blockOrLatest, traceConfig],
    debug.traceCall,
  ),
  define("debug_traceTransaction", [transactionHash, traceConfig], debug.traceTransaction),
];

function feeMethods(limits: JsonRpcLimits): readonly Entry[] {
  const percentiles = p.optional<readonly number[] | undefined>(
    "reward percentiles",
    p.percentiles(limits.feePercentilesMax),
    undefined,
  );
  return [
    define("eth_gasPrice", [], fees.gasPrice),
    define("eth_maxPriorityFeePerGas", [], fees.maxPriorityFeePerGas),
    define(
      "eth_feeHistory",
      [p.required("block count", p.count), p.required("newest block", p.blockNumber), percentiles],
      fees.feeHistory,
    ),
    constant("eth_blobBaseFee", fees.minimumBlobBaseFee),
  ];
}

function logMethods(limits: JsonRpcLimits): readonly Entry[] {
  const query = p.required("filter", logQuery(limits));
  return [
    define("eth_getLogs", [query], logs.getLogs),
    define("eth_newFilter", [query], logs.newFilter),
    define("eth_newBlockFilter", [], logs.newFilterOf({ type: "blocks" })),
    define(
      "eth_newPendingTransactionFilter",
      [],
      logs.newFilterOf({ type: "pendingTransactions" }),
    ),
    define<readonly [Hex]>("eth_getFilterChanges", [filterId], logs.getFilterChanges),
    define<readonly [Hex]>("eth_getFilterLogs", [filterId], logs.getFilterLogs),
    define<readonly [Hex]>("eth_uninstallFilter", [filterId], logs.uninstallFilter),
  ];
}

const subscriptionMethods: readonly Entry[] = [
  define(
    "eth_subscribe",
    [p.required("subscription", p.text), p.optional("option", p.anything, undefined)],
    subscriptions.subscribe,
  ),
  define("eth_unsubscribe", [p.required("subscription id", p.bytes)], subscriptions.unsubscribe),
];
