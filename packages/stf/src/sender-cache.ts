/** Senders that were recovered already: recovery is the costliest part of a plain transfer. Bounded. */
import { assert } from "@sequorum/protocol";
import type { Located } from "./content-table.ts";
import { ecrecover, recoveryBytes } from "./precompiles/ecrecover.ts";
import { ContentCache } from "./state-store.ts";

/** About 50,000 senders. */
const cacheBytesMax = 8 << 20;
const hashBytes = 32;
/** v, r, s; behind them is the answer to the module: 1 and the address in 32 bytes. */
const signatureBytes = recoveryBytes - hashBytes;
const answerBytes = 33;

/** Answers the module's question for a sender: under the signing hash, signature and answer. */
export class SenderCache {
  readonly #cache = new ContentCache(cacheBytesMax);

  /** Finds or recovers the answer to a question of 128 bytes at `at` in `bytes`; false when no key signed. */
  answer(bytes: Uint8Array, view: DataView, at: number, found: Located): boolean {
    if (this.#cache.locate(view, at, found) && isSignature(found, bytes, at + hashBytes)) {
      found.start += signatureBytes;
      found.length = answerBytes;
      return true;
    }
    const question = bytes.slice(at, at + recoveryBytes);
    const sender = ecrecover(question);
    if (sender.length === 0) return false;
    const entry = this.#add(question, sender);
    found.bytes = entry;
    found.start = signatureBytes;
    found.length = answerBytes;
    return true;
  }

  /** Takes an answer that somebody else recovered; `sender` has 20 bytes. */
  remember(recovery: Uint8Array, sender: Uint8Array): void {
    assert(recovery.length === recoveryBytes && sender.length === 20, "a sender has its sizes");
    const word = new Uint8Array(32);
    word.set(sender, 12);
    this.#add(recovery, word);
  }

  #add(question: Uint8Array, sender: Uint8Array): Uint8Array {
    const entry = new Uint8Array(signatureBytes + answerBytes);
    entry.set(question.subarray(hashBytes));
    entry[signatureBytes] = 1;
    entry.set(sender, signatureBytes + 1);
    this.#cache.add(question.subarray(0, hashBytes), entry);
    return entry;
  }
}

/** Whether an entry is for the signature at `at`; a signing hash can be signed by many. */
function isSignature(found: Located, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < signatureBytes; i++) {
    if (found.bytes[found.start + i] !== bytes[at + i]) return false;
  }
  return true;
}
