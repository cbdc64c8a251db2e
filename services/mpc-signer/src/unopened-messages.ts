/** Messages for sessions that this node has not opened yet: its PoS chain may be a block behind the sender's. */
import type { Hex } from "@sequorum/protocol";

/** Messages kept of one peer, and for how long. A peer can only push out its own. */
export const unopenedMessagesPerPeerMax = 64;
export const unopenedMessageAgeMsMax = 30_000;

/** A kept message. */
export type UnopenedMessage<M> = {
  readonly from: Hex;
  readonly sessionId: Hex;
  readonly atMs: number;
  readonly message: M;
};

/** Bounded buffer. */
export type UnopenedMessages<M> = {
  keep(message: UnopenedMessage<M>): void;
  /** Removes and returns what came for a session, in order of arrival. */
  take(sessionId: Hex, nowMs: number): readonly UnopenedMessage<M>[];
  size(): number;
};

/** An empty buffer. */
export function createUnopenedMessages<M>(): UnopenedMessages<M> {
  const byPeer = new Map<Hex, UnopenedMessage<M>[]>();
  return {
    keep(message) {
      const fresh = (byPeer.get(message.from) ?? []).filter(
        ({ atMs }) => message.atMs - atMs <= unopenedMessageAgeMsMax,
      );
      byPeer.set(message.from, [...fresh, message].slice(-unopenedMessagesPerPeerMax));
    },
    take(sessionId, nowMs) {
      const taken: UnopenedMessage<M>[] = [];
      for (const [peer, messages] of byPeer) {
        const fresh = messages.filter(({ atMs }) => nowMs - atMs <= unopenedMessageAgeMsMax);
        taken.push(...fresh.filter((message) => message.sessionId === sessionId));
        const rest = fresh.filter((message) => message.sessionId !== sessionId);
        if (rest.length === 0) byPeer.delete(peer);
        else byPeer.set(peer, rest);
      }
      return taken;
    },
    size: () => [...byPeer.values()].reduce((sum, messages) => sum + messages.length, 0),
  };
}
