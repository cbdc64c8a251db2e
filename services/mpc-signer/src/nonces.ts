/**
 * Nonce pairs of this process. They exist in memory only, so a restart or a restored disk cannot bring one back; what
 * is durable is the mark that one was used, written before its share leaves.
 */
import type { Hex, NonceCommitment, SessionSigner } from "@sequorum/protocol";
import type { NoncePair } from "./core/signing/nonce.ts";
import { wipeNonce } from "./core/signing/nonce.ts";

type Held = {
  readonly nonces: NoncePair;
  readonly commitment: NonceCommitment;
  readonly generation: number;
};

/** The nonces of one key. */
export type NonceBook = {
  /** Adds a list that is about to be published. */
  add(
    generation: number,
    made: readonly { nonces: NoncePair; commitment: NonceCommitment }[],
  ): void;
  /** The pool recorded a list: unused pairs of other lists before it will never be asked for. */
  recorded(generation: number): void;
  /** Reserves the pair a session was assigned; false when this process does not hold it. */
  claim(sessionId: Hex, signer: SessionSigner): boolean;
  /** SECRET. Takes the reserved pair out: it can be taken once. */
  take(sessionId: Hex): NoncePair | undefined;
  /** Wipes a reserved pair that was not taken. */
  discard(sessionId: Hex): void;
  /** Unused pairs of the newest list. */
  unused(): number;
  wipe(): void;
};

/** An empty book. */
export function createNonceBook(): NonceBook {
  const unused = new Map<Hex, Held>();
  const claimed = new Map<Hex, Held>();
  let newest = 0;
  const drop = (hiding: Hex, held: Held) => {
    wipeNonce(held.nonces);
    unused.delete(hiding);
  };
  return {
    add(generation, made) {
      newest = Math.max(newest, generation);
      for (const { nonces, commitment } of made)
        unused.set(commitment.hiding, { nonces, commitment, generation });
    },
    recorded(generation) {
      for (const [hiding, held] of unused) if (held.generation < generation) drop(hiding, held);
    },
    claim(sessionId, { generation, hiding, binding }) {
      const held = unused.get(hiding);
      if (
        held === undefined ||
        held.commitment.binding !== binding ||
        held.generation !== generation
      )
        return false;
      unused.delete(hiding);
      claimed.set(sessionId, held);
      return true;
    },
    take(sessionId) {
      const held = claimed.get(sessionId);
      claimed.delete(sessionId);
      return held?.nonces;
    },
    discard(sessionId) {
      const held = claimed.get(sessionId);
      if (held !== undefined) wipeNonce(held.nonces);
      claimed.delete(sessionId);
    },
    unused: () => [...unused.values()].filter(({ generation }) => generation === newest).length,
    wipe() {
      for (const [hiding, held] of unused) drop(hiding, held);
      for (const held of claimed.values()) wipeNonce(held.nonces);
      claimed.clear();
    },
  };
}
