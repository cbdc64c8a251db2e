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
import { describeError, type Logger, RpcError } from "@sequorum/service";
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

type Pending = {
  readonly payloadHash: Hex;
  readonly type: PoolPayload["type"];
  readonly transaction: Hex;
  /** The engine has it and gossips it. */
  isHeld: boolean;
};

/** The relay of one operator. */
export class PayloadRelay {
  readonly #options: PayloadRelayOptions;
  readonly #pending = new Map<Hex, Pending>();
  /** Done, but still stored. */
  readonly #done = new Set<Hex>();
  #deleting: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(options: PayloadRelayOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.advance(), retryMs);
  }

  /** Takes up what an earlier run has left. */
  async load(): Promise<void> {
    const rows = await this.#options.store.sql<{ payload: Uint8Array; payload_hash: Uint8Array }[]>`
      SELECT payload, payload_hash FROM pool_payloads ORDER BY id`;
    for (const row of rows) {
      const payload = decodePayload(new Uint8Array(row.payload));
      if (payload !== undefined) this.#add(payload, bytesToHex(row.payload_hash));
    }
    this.advance();
  }

  /** Stores a payload in the caller's transaction; it goes out after the commit. Returns the hash on the PoS chain. */
  async record(tx: Transaction, payload: PoolPayload): Promise<Hex> {
    if (this.#pending.size >= pendingMax) {
      throw new RpcError("RESOURCE_EXHAUSTED", "TOO_MANY_PAYLOADS");
    }
    const bytes = encodePayload(payload);
    const payloadHash = keccak256(bytes);
    await tx`INSERT INTO pool_payloads (payload_hash, payload) VALUES (${hexToBytes(payloadHash)}, ${bytes})
      ON CONFLICT DO NOTHING`;
    this.#done.delete(payloadHash);
    afterCommit(tx, () => {
      this.#carry(this.#add(payload, payloadHash));
      this.#options.metrics.pendingPayloads.set(this.#pending.size);
    });
    return keccak256(this.#sign(payload));
  }

  /** Stores a payload; it is durable when this resolves. */
  accept(payload: PoolPayload): Promise<Hex> {
    return this.#options.store.transaction((tx) => this.record(tx, payload));
  }

  /** Looks at what waits; called after each decided block, and now and then. */
  advance(): void {
    for (const item of this.#pending.values()) this.#carry(item);
    this.#options.metrics.pendingPayloads.set(this.#pending.size);
    if (this.#done.size > 0) this.#deleting ??= this.#deleteDone();
  }

  /** Stops; what waits is stored. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#deleting;
  }

  #add(payload: PoolPayload, payloadHash: Hex): Pending {
    const known = this.#pending.get(payloadHash);
    if (known !== undefined) return known;
    const transaction = bytesToHex(this.#sign(payload));
    const added: Pending = { payloadHash, type: payload.type, transaction, isHeld: false };
    this.#pending.set(payloadHash, added);
    return added;
  }

  #sign(payload: PoolPayload): Uint8Array {
    const { privateKey, domain } = this.#options;
    return encodePoolTransaction(signPoolTransaction(payload, privateKey, domain));
  }

  /** Sends what is valid now, keeps what may become valid, drops the rest. */
  #carry(item: Pending): void {
    const { check, submit, logger, metrics } = this.#options;
    const checked = check(item.transaction);
    if (checked.type === "ok") {
      if (item.isHeld) return;
      const result = submit(item.transaction);
      item.isHeld = result.type === "ok" || result.type === "known";
      return;
    }
    item.isHeld = false;
    const { code } = checked;
    const disposition = isRejectionCode(code) ? dispositionOf(code) : "invalid";
    if (disposition === "premature") return;
    if (disposition === "invalid")
      logger.warn("own payload is not valid", { type: item.type, code });
    if (disposition !== "applied") metrics.dropped.add({ code });
    this.#pending.delete(item.payloadHash);
    this.#done.add(item.payloadHash);
  }

  /** A failure leaves rows that the next start finds done again. */
  async #deleteDone(): Promise<void> {
    const { store, logger } = this.#options;
    const hashes = [...this.#done];
    try {
      await store.sql`DELETE FROM pool_payloads WHERE payload_hash IN ${store.sql(hashes.map(hexToBytes))}`;
      for (const hash of hashes) this.#done.delete(hash);
    } catch (error) {
      logger.warn("payloads not deleted yet", { reason: describeError(error) });
    }
    this.#deleting = undefined;
  }
}
