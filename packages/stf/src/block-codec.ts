/** A block's RLP as every Ethereum client writes it: [header, transactions, uncles, withdrawals]. */
import {
  equalBytes,
  type Hex,
  keccak256,
  RlpError,
  type RlpItem,
  rlpDecode,
  rlpEncode,
} from "@sequorum/protocol";
import { hashHeader, headerFields, parseHeaderFields } from "./header.ts";
import type { BlockHeader, L2Block } from "./types.ts";

/** RLP of the block. */
export function encodeBlock(block: L2Block): Uint8Array {
  const transactions = block.transactions.map((raw) => (isTyped(raw) ? raw : rlpDecode(raw)));
  return rlpEncode([headerFields(block.header), transactions, [], []]);
}

/** RLP of the header alone. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  return rlpEncode(headerFields(header));
}

/** A header from its RLP, or undefined when it is none. */
export function decodeHeader(bytes: Uint8Array): BlockHeader | undefined {
  const fields = tryDecode(bytes);
  return Array.isArray(fields) && fields.every(isBytes) ? parseHeaderFields(fields) : undefined;
}

/** A block from its canonical RLP; undefined when it is malformed. Transactions are not looked into. */
export function decodeBlock(bytes: Uint8Array): L2Block | undefined {
  const parts = tryDecode(bytes);
  if (!Array.isArray(parts) || parts.length !== 4) return undefined;
  const [headerPart, transactionsPart, uncles, withdrawals] = parts;
  if (!Array.isArray(headerPart) || !headerPart.every(isBytes)) return undefined;
  if (!Array.isArray(transactionsPart) || !isEmptyList(uncles) || !isEmptyList(withdrawals)) {
    return undefined;
  }
  const header = parseHeaderFields(headerPart);
  if (header === undefined) return undefined;
  const transactions = transactionsPart.map((item) => (isBytes(item) ? item : rlpEncode(item)));
  if (transactions.some((raw, i) => isBytes(transactionsPart[i]) && !isTyped(raw)))
    return undefined;
  const block: L2Block = { header, hash: hashHeader(header), transactions };
  return equalBytes(encodeBlock(block), bytes) ? block : undefined;
}

/** Hash of a raw transaction. */
export function hashTransaction(raw: Uint8Array): Hex {
  return keccak256(raw);
}

function isTyped(raw: Uint8Array): boolean {
  return raw[0] !== undefined && raw[0] < 0x80;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function tryDecode(bytes: Uint8Array): RlpItem | undefined {
  try {
    return rlpDecode(bytes);
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}
