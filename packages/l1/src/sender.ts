// Sending to L1: signing with a nonce and fees that the caller decided, broadcasting, and what the node's answer means.

import { bytesToHex, keccak256 } from "@sequorum/protocol";
import { type Hex, RpcRequestError } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { causes, type L1Client } from "./clients.ts";

/** A transaction with everything decided. */
export type L1TransactionRequest = {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Hex;
  readonly data: Hex;
  readonly gas: bigint;
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
};

/** A signed transaction: `raw` is what is broadcast, as often as needed. */
export type SignedL1Transaction = { readonly raw: Hex; readonly hash: Hex };

/** What a node said to a transaction. Only a receipt tells what became of it. */
export type BroadcastOutcome =
  | "accepted"
  | "alreadyKnown"
  /** The nonce is used up in the chain. */
  | "nonceTooLow"
  /** The fee does not replace the pending transaction of this nonce, or is below what the node takes. */
  | "underpriced"
  | "insufficientFunds"
  /** The node refuses the transaction itself. */
  | "refused"
  /** No usable answer: the transaction may have been taken. */
  | "unavailable";

/** The sender of transactions signed with a key. */
export function senderAddress(privateKey: Uint8Array): Hex {
  return privateKeyToAccount(bytesToHex(privateKey)).address.toLowerCase() as Hex;
}

/** Signs an EIP-1559 transaction without value; deterministic (RFC 6979): the same request gives the same bytes. */
export async function signL1Transaction(
  privateKey: Uint8Array,
  request: L1TransactionRequest,
): Promise<SignedL1Transaction> {
  const { maxFeePerGasWei, maxPriorityFeePerGasWei, ...fields } = request;
  const raw = await privateKeyToAccount(bytesToHex(privateKey)).signTransaction({
    ...fields,
    type: "eip1559",
    maxFeePerGas: maxFeePerGasWei,
    maxPriorityFeePerGas: maxPriorityFeePerGasWei,
  });
  return { raw, hash: keccak256(raw) };
}

/** Hands signed bytes to the node. Never throws for what the node or the network does. */
export async function broadcastTransaction(client: L1Client, raw: Hex): Promise<BroadcastOutcome> {
  try {
    await client.request({ method: "eth_sendRawTransaction", params: [raw] }, { retryCount: 0 });
    return "accepted";
  } catch (error) {
    return classifyBroadcastError(error);
  }
}

// Wording of geth, reth, erigon, nethermind, besu and anvil, in the order in which it is tried.
const wordings: readonly (readonly [RegExp, BroadcastOutcome])[] = [
  [
    /already (known|imported|in (the )?(pool|mempool))|known transaction|AlreadyKnown/i,
    "alreadyKnown",
  ],
  [
    /underpriced|not replace|ReplacementNotAllowed|fee.{0,40}(too low|less than)|FeeTooLow|FeeCapTooLow/i,
    "underpriced",
  ],
  [/nonce.{0,12}too low|OldNonce|NonceTooLow/i, "nonceTooLow"],
  [/insufficient funds|InsufficientFunds|upfront cost exceeds/i, "insufficientFunds"],
  [
    /internal error|rate|limit exceeded|timed? ?out|unavailable|txpool is full|overloaded|queue/i,
    "unavailable",
  ],
];

/** What an error of `eth_sendRawTransaction` means; a failure of transport is "unavailable". */
export function classifyBroadcastError(error: unknown): BroadcastOutcome {
  const answer = causes(error).find((cause) => cause instanceof RpcRequestError);
  if (answer === undefined) return "unavailable";
  const found = wordings.find(([wording]) => wording.test(answer.details));
  return found?.[1] ?? "refused";
}
