/** The nonces of all keys: made in slices, published as lists, replaced before they run out. */
import { randomBytes } from "node:crypto";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Hex, NonceCommitment } from "@sequorum/protocol";
import { describeError, type Logger } from "@sequorum/service";
import type { KeyStore } from "./adapters/key-store.ts";
import type { SignatureScheme } from "./core/signature-scheme.ts";
import type { NoncePair } from "./core/signing/nonce.ts";
import type { SignerMetrics } from "./metrics.ts";
import { createNonceBook, type NonceBook } from "./nonces.ts";
import type { Submitter } from "./submitter.ts";

/** Pairs in one published list, and the number left at which the next list is made. */
export const nonceListSize = 64;
export const nonceRefillBelow = 32;
/** Pairs made before other work gets its turn. */
const nonceSliceSize = 4;
/** Time after which an unrecorded list no longer keeps the next one from being made. */
const publishAgainAfterMs = 15_000;

/** What the stock works with. */
export type NonceStockDeps = {
  readonly scheme: SignatureScheme;
  readonly keys: KeyStore;
  readonly submitter: Submitter;
  readonly metrics: SignerMetrics;
  readonly logger: Logger;
};

/** Nonce books by key. */
export class NonceStock {
  readonly #deps: NonceStockDeps;
  readonly #books = new Map<Hex, NonceBook>();
  readonly #publishing = new Set<Hex>();

  constructor(deps: NonceStockDeps) {
    this.#deps = deps;
  }

  /** The book of a key; undefined before its first list. */
  book(keyId: Hex): NonceBook | undefined {
    return this.#books.get(keyId);
  }

  /** Makes and publishes the next list of a key, unless one is on its way. Failures are logged. */
  publish(keyId: Hex): void {
    if (this.#publishing.has(keyId)) return;
    this.#publishing.add(keyId);
    // Should the list never be recorded (refused, lost), another one may be made after a while.
    setTimeout(() => this.#publishing.delete(keyId), publishAgainAfterMs).unref();
    this.#makeAndSubmit(keyId).catch((error: unknown) => {
      this.#publishing.delete(keyId);
      this.#deps.logger.warn("nonces not published", { keyId, reason: describeError(error) });
    });
  }

  /** The pool recorded a list of this node. */
  recorded(keyId: Hex, generation: number): void {
    this.#publishing.delete(keyId);
    this.#books.get(keyId)?.recorded(generation);
    this.refillIfLow(keyId);
  }

  refillIfLow(keyId: Hex): void {
    const book = this.#books.get(keyId);
    if (book === undefined) return;
    this.#deps.metrics.unusedNonces.set(book.unused());
    if (book.unused() < nonceRefillBelow) this.publish(keyId);
  }

  unused(): number {
    return [...this.#books.values()].reduce((sum, book) => sum + book.unused(), 0);
  }

  /** Wipes the nonces of a key that signs no more. */
  forget(keyId: Hex): void {
    this.#books.get(keyId)?.wipe();
    this.#books.delete(keyId);
  }

  wipe(): void {
    for (const keyId of [...this.#books.keys()]) this.forget(keyId);
  }

  async #makeAndSubmit(keyId: Hex): Promise<void> {
    const { keys, scheme, submitter, metrics } = this.#deps;
    const share = keys.shareOf(keyId);
    if (share === undefined) return;
    const generation = await keys.nextGeneration(keyId);
    const random = (length = 32) => new Uint8Array(randomBytes(length));
    const made: { nonces: NoncePair; commitment: NonceCommitment }[] = [];
    while (made.length < nonceListSize) {
      for (let i = 0; i < nonceSliceSize; i++) made.push(scheme.sign.createNonce(share, random));
      await yieldToEventLoop(); // a whole list would delay a signature under way by tens of milliseconds
    }
    const book = this.#books.get(keyId) ?? createNonceBook();
    this.#books.set(keyId, book);
    book.add(generation, made);
    metrics.unusedNonces.set(book.unused());
    const commitments = made.map(({ commitment }) => commitment);
    submitter.submit({ type: "nonceCommitments", keyId, generation, commitments });
  }
}
