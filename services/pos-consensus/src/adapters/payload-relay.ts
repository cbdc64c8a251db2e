/**
 * Carries this operator's own payloads onto the PoS chain: stored first, then signed, submitted, and submitted again
 * until the chain has their effect or the moment for them has passed.
 */
import {
  bytesToHex,
  decodePayload,
  encodePayload,
  encodePoolTransaction,
  type Hex,
  hexToBytes,
  keccak256,
  type PoolPayload,
  type SigningDomain,
  signPoolTransaction,
} from "@sequorum/protocol";
import { type Logger, RpcError } from "@sequorum/service";
import { afterCommit, type Store, type Transaction } from "@sequorum/store";
import type { TransactionCheck } from "../core/abci.ts";
import { dispositionOf, isRejectionCode } from "../core/pool/rejection.ts";
import type { SubmitResult } from "../engine/engine-options.ts";
import type { PoolMetrics } from "../metrics.ts";

/** Payloads that may wait at a time. */
const pendingMax = 10_000;
const retryMs = 1_000;

/** What the relay works with. */
export type PayloadRelayOptions = {
  readonly store: Store;
  readonly privateKey: Uint8Array;
  readonly domain: SigningDomain;
  /** Judges a transaction on the newest state. */
  readonly check: (transaction: Hex) => TransactionCheck;
  readonly submit: (transaction: Hex) => SubmitResult;
  readonly metrics: PoolMetrics;
  readonly logger: Logger;
};

/** The relay. */
export type PayloadRelay = {
  /** Stores a payload in the caller's transaction; it goes out after the commit. Returns the transaction's hash. */
  readonly record: (tx: Transaction, payload: PoolPayload) => Promise<Hex>;
  /** Stores a payload; it is durable when this resolves. */
  readonly accept: (payload: PoolPayload) => Promise<Hex>;
  /** Looks at what waits; called after each decided block. */
  readonly advance: () => void;
  readonly pendingCount: () => number;
  readonly close: () => Promise<void>;
};

type Pending = {
  readonly payloadHash: Hex;
  readonly type: PoolPayload["type"];
  readonly transaction: Hex;
  isHeld: boolean;
};

/** Loads what waits and starts carrying it. */
export async function startPayloadRelay(options: PayloadRelayOptions): Promise<PayloadRelay> {
  const { store, privateKey, domain, metrics, logger } = options;
  const pending = new Map<Hex, Pending>();
  const forgotten = new Set<Hex>();
  let forgetting: Promise<void> | undefined;

  const add = (payload: PoolPayload, payloadHash: Hex): Pending => {
    const known = pending.get(payloadHash);
    if (known !== undefined) return known;
    const transaction = bytesToHex(encodePoolTransaction(signPoolTransaction(payload, privateKey, domain)));
    const added: Pending = { payloadHash, type: payload.type, transaction, isHeld: false };
    pending.set(payloadHash, added);
    return added;
  };

  /** Sends what is valid now, keeps what may become valid, drops the rest. */
  function carry(item: Pending): void {
    const check = options.check(item.transaction);
    if (check.type === "ok") {
      if (item.isHeld) return;
      const result = options.submit(item.transaction);
      item.isHeld = result.type === "ok" || result.type === "known";
      return;
    }
    item.isHeld = false;
    const disposition = isRejectionCode(check.code) ? dispositionOf(check.code) : "invalid";
    if (disposition === "premature") return;
    if (disposition === "invalid") {
      logger.warn("own payload is not valid", { type: item.type, code: check.code });
    }
    if (disposition !== "applied") metrics.dropped.add({ code: check.code });
    pending.delete(item.payloadHash);
    forgotten.add(item.payloadHash);
  }

  function advance(): void {
    for (const item of pending.values()) carry(item);
    metrics.pendingPayloads.set(pending.size);
    if (forgotten.size > 0) forgetting ??= forget();
  }

  /** Deletes what is done; a failure leaves rows that the next start finds done again. */
  async function forget(): Promise<void> {
    const hashes = [...forgotten];
    try {
      await store.sql`DELETE FROM pool_payloads WHERE payload_hash IN ${store.sql(hashes.map(hexToBytes))}`;
      for (const hash of hashes) forgotten.delete(hash);
    } catch (error) {
      logger.warn("payloads not deleted yet", { reason: String(error) });
    }
    forgetting = undefined;
  }

  async function record(tx: Transaction, payload: PoolPayload): Promise<Hex> {
    if (pending.size >= pendingMax) throw new RpcError("RESOURCE_EXHAUSTED", "TOO_MANY_PAYLOADS");
    const bytes = encodePayload(payload);
    const payloadHash = keccak256(bytes);
    await tx`INSERT INTO pool_payloads (payload_hash, payload) VALUES (${hexToBytes(payloadHash)}, ${bytes})
      ON CONFLICT DO NOTHING`;
    // A deletion that is on its way must not take the new row's promise with it.
    forgotten.delete(payloadHash);
    const transaction = signPoolTransaction(payload, privateKey, domain);
    afterCommit(tx, () => {
      carry(add(payload, payloadHash));
      metrics.pendingPayloads.set(pending.size);
    });
    return keccak256(encodePoolTransaction(transaction));
  }

  const rows = await store.sql<{ payload: Uint8Array; payload_hash: Uint8Array }[]>`
    SELECT payload, payload_hash FROM pool_payloads ORDER BY id`;
  for (const row of rows) {
    const payload = decodePayload(new Uint8Array(row.payload));
    if (payload !== undefined) add(payload, bytesToHex(row.payload_hash));
  }
  const timer = setInterval(advance, retryMs);
  advance();
  return {
    record,
    accept: (payload) => store.transaction((tx) => record(tx, payload)),
    advance,
    pendingCount: () => pending.size,
    close: async () => {
      clearInterval(timer);
      await forgetting;
    },
  };
}
