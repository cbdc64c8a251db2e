/** The one table of JSON-RPC errors: what clients see for every way a request can fail. */
import { type Hex, hexToBytes, isHex } from "@sequorum/protocol";
import type { RejectionCode, StatePruned } from "../ports.ts";
import type { Json } from "./json.ts";

/**
 * Codes by name. JSON-RPC 2.0 section 5.1; EIP-1474 for -32000..-32006; geth for 3 (revert) and for using
 * -32000 with a message that wallets match instead of -32001 and -32003.
 */
export const errorCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** geth's default: rejected transactions, unknown blocks, calls that halt. The message says which. */
  serverError: -32000,
  /** The request took longer than `requestTimeoutMs`, as geth. */
  timeout: -32002,
  /** The answer is larger than `responseCharactersMax`, as geth. */
  responseTooLarge: -32003,
  /** A limit of README.md was passed (EIP-1474 "Limit exceeded"). */
  limitExceeded: -32005,
  /** The call reverted; `data` is what the contract returned. */
  reverted: 3,
} as const;

/** Name of an error code; the `outcome` label of the request metrics. */
export type ErrorName = keyof typeof errorCodes;

/** Thrown by parsers and handlers, turned into an error answer in one place (dispatch.ts). */
export class JsonRpcFailure extends Error {
  readonly errorName: ErrorName;
  readonly data: Json | undefined;
  constructor(errorName: ErrorName, message: string, data?: Json) {
    super(message);
    this.name = "JsonRpcFailure";
    this.errorName = errorName;
    this.data = data;
  }
}

/** Messages of pool rejections. The words are geth's (core/error.go, core/txpool/errors.go): wallets match them. */
export const poolRejectionMessages: Readonly<Record<RejectionCode, string>> = {
  MALFORMED: "rlp: malformed transaction",
  OVERSIZED: "oversized data",
  BLOB_TYPE_REFUSED: "transaction type not supported",
  TYPE_UNKNOWN: "transaction type not supported",
  UNPROTECTED: "only replay-protected (EIP-155) transactions allowed over RPC",
  WRONG_CHAIN_ID: "invalid chain id for signer",
  BAD_SIGNATURE: "invalid sender",
  INTRINSIC_GAS_TOO_LOW: "intrinsic gas too low",
  INITCODE_TOO_LARGE: "max initcode size exceeded",
  FEE_CAP_BELOW_TIP: "max priority fee per gas higher than max fee per gas",
  GAS_LIMIT_ABOVE_BLOCK: "exceeds block gas limit",
  FEE_TOO_LOW: "max fee per gas less than block base fee",
  NONCE_TOO_LOW: "nonce too low",
  NONCE_TOO_HIGH: "nonce too high",
  NONCE_MAX: "nonce has max value",
  INSUFFICIENT_FUNDS: "insufficient funds for gas * price + value",
  SENDER_NOT_EOA: "sender not an eoa",
  ALREADY_KNOWN: "already known",
  REPLACEMENT_UNDERPRICED: "replacement transaction underpriced",
  SENDER_QUEUE_FULL: "account limit exceeded",
  MEMPOOL_FULL: "txpool is full",
  NOT_READY: "node is not synced",
  OVERLOADED: "node is overloaded, try again",
};

/** The failure for a transaction that the pool rejected: -32000 with geth's words, the numbers after a colon. */
export function poolFailure(
  code: RejectionCode,
  detail: Readonly<Record<string, bigint>> = {},
): JsonRpcFailure {
  const numbers = Object.entries(detail).map(([name, value]) => `${words(name)} ${value}`);
  return new JsonRpcFailure(
    "serverError",
    withDetail(poolRejectionMessages[code], numbers.join(", ")),
    { code },
  );
}

/** The failure for a call that ended without revert data (out of gas, invalid opcode, no funds). */
export function callFailure(reason: string): JsonRpcFailure {
  return new JsonRpcFailure("serverError", reason);
}

/** The failure when the node has too much to do. */
export function busy(): JsonRpcFailure {
  return new JsonRpcFailure("limitExceeded", "too many calls at once, try again");
}

/** The failure for a reverted call, with the reason in words where the contract gave one. */
export function revertFailure(output: Hex): JsonRpcFailure {
  const reason = revertReason(output);
  return new JsonRpcFailure("reverted", withDetail("execution reverted", reason), output);
}

/** The failure for parameters that do not parse; `fact` says what was expected, `where` which parameter. */
export function invalidParams(where: string, fact: string): JsonRpcFailure {
  return new JsonRpcFailure("invalidParams", `invalid ${where}: ${fact}`);
}

/** The failure for something asked of a block that this node does not have. */
export function blockNotFound(): JsonRpcFailure {
  return new JsonRpcFailure("serverError", "header not found");
}

/** The failure for something that needs the state of a block whose state is pruned. */
export function statePruned({ message, keptFrom }: StatePruned): JsonRpcFailure {
  const data = { code: "STATE_PRUNED", keptFrom: `0x${keptFrom.toString(16)}` };
  return new JsonRpcFailure("serverError", message, data);
}

/** The failure for passing a bound; `limit` is its name in limits.ts. */
export function limitExceeded(message: string, limit: string): JsonRpcFailure {
  return new JsonRpcFailure("limitExceeded", message, { limit });
}

/** Reason of `Error(string)` and `Panic(uint256)` (Solidity ABI, "Panic via assert and Error via require"). */
export function revertReason(output: Hex): string | undefined {
  if (output.startsWith("0x4e487b71") && output.length === 2 + 8 + 64) {
    const code = BigInt(`0x${output.slice(10)}`);
    return panicReasons.get(code) ?? `unknown panic code: 0x${code.toString(16)}`;
  }
  if (!output.startsWith("0x08c379a0")) return undefined;
  const body = output.slice(10);
  const length = wordAt(body, 1);
  if (wordAt(body, 0) !== 32n || length === undefined) return undefined;
  const text = `0x${body.slice(128, 128 + 2 * Number(length))}`;
  if (!isHex(text) || BigInt(text.length - 2) !== 2n * length) return undefined;
  return new TextDecoder().decode(hexToBytes(text));
}

function wordAt(body: string, index: number): bigint | undefined {
  const word = body.slice(64 * index, 64 * (index + 1));
  return word.length === 64 ? BigInt(`0x${word}`) : undefined;
}

/** accountNonce -> account nonce. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function withDetail(message: string, detail: string | undefined): string {
  return detail === undefined || detail === "" ? message : `${message}: ${detail}`;
}

const panicReasons: ReadonlyMap<bigint, string> = new Map([
  [0x00n, "generic panic"],
  [0x01n, "assert(false)"],
  [0x11n, "arithmetic underflow or overflow"],
  [0x12n, "division or modulo by zero"],
  [0x21n, "enum overflow"],
  [0x22n, "invalid encoded storage byte array accessed"],
  [0x31n, "out-of-bounds array access; popping on an empty array"],
  [0x32n, "out-of-bounds access of an array or bytesN"],
  [0x41n, "out of memory"],
  [0x51n, "uninitialized function"],
]);
