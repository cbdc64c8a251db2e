/** Live messages of the feed to those who follow it: bounded queues, so that a slow peer never stalls this node. */
import type { Hex } from "@sequorum/protocol";
import type { LeaderHeartbeat } from "../seals.ts";

/** A sealed block as it goes over the wire. */
export type FeedBlock = {
  readonly rlp: Uint8Array;
  readonly term: bigint;
  readonly signature: Hex;
  readonly originNumber: bigint;
  readonly hash: Hex;
  readonly height: bigint;
  readonly forcedCount: number;
};

/** One message of the feed. */
export type FeedMessage =
  | { readonly type: "block"; readonly block: FeedBlock }
  | { readonly type: "heartbeat"; readonly heartbeat: LeaderHeartbeat; readonly signature: Hex };

/** Messages that may wait for one follower. */
const queuedMax = 512;

/** Spreads messages. */
export type FeedHub = {
  /** Sends to all but the peer from which the block came. */
  publish(message: FeedMessage, except: Hex | undefined): void;
  /** Messages from now on; ends when the signal aborts or the follower is too slow. */
  follow(peer: Hex | undefined, signal: AbortSignal): AsyncGenerator<FeedMessage, void>;
  followers(): number;
};

type Follower = {
  readonly peer: Hex | undefined;
  readonly queue: FeedMessage[];
  wake: () => void;
  isTooSlow: boolean;
};

/** Makes a hub. */
export function createFeedHub(): FeedHub {
  const followers = new Set<Follower>();
  return {
    publish(message, except) {
      for (const follower of followers) {
        if (except !== undefined && follower.peer === except) continue;
        if (follower.queue.length >= queuedMax) follower.isTooSlow = true;
        else follower.queue.push(message);
        follower.wake();
      }
    },
    follow(peer, signal) {
      const follower: Follower = { peer, queue: [], wake: () => {}, isTooSlow: false };
      followers.add(follower); // now, not when the first message is asked for
      return messagesOf(follower, signal, () => followers.delete(follower));
    },
    followers: () => followers.size,
  };
}

async function* messagesOf(
  follower: Follower,
  signal: AbortSignal,
  end: () => void,
): AsyncGenerator<FeedMessage, void> {
  const onAbort = () => follower.wake();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted && !follower.isTooSlow) {
      const next = follower.queue.shift();
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          follower.wake = resolve;
          if (signal.aborted || follower.queue.length > 0) resolve();
        });
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    end();
  }
}
