/** The sending side towards one peer: a bounded queue, one stream that is kept, dialled again with backoff. */
import { multiaddr } from "@multiformats/multiaddr";
import type { Stream } from "@libp2p/interface";
import type { Hex } from "@sequorum/protocol";
import { describeError, type Logger, sleep } from "@sequorum/service";
import type { Libp2p } from "libp2p";
import { frame, type createRateLimit } from "./framing.ts";

/** Messages that wait for a peer; a resumed session sends what was dropped. */
export const peerQueueMax = 256;
const dialBaseMs = 100;
const dialCapMs = 3_000;
const dialTimeoutMs = 3_000;
const drainTimeoutMs = 3_000;

/** The link to one registered peer. */
export type PeerLink = {
  readonly address: Hex;
  readonly multiaddr: string;
  readonly rate: ReturnType<typeof createRateLimit>;
  send(message: Uint8Array): void;
  isOpen(): boolean;
  close(): void;
};

/** Starts keeping a stream to the peer. */
export function createPeerLink(
  peer: {
    address: Hex;
    multiaddr: string;
    peerId: string;
    rate: ReturnType<typeof createRateLimit>;
  },
  options: { node: Libp2p; protocol: string; logger: Logger; signal: AbortSignal },
): PeerLink {
  const closed = new AbortController();
  const signal = AbortSignal.any([closed.signal, options.signal]);
  const queue: Uint8Array[] = [];
  let stream: Stream | undefined;
  let wake: () => void = () => {};

  async function run(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        stream = await options.node.dialProtocol(multiaddr(peer.multiaddr), options.protocol, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(dialTimeoutMs)]),
        });
        failures = 0;
        await pump(stream);
      } catch (error) {
        failures += 1;
        options.logger.debug("peer is not reached", {
          peer: peer.address,
          reason: describeError(error),
        });
      } finally {
        stream?.abort(new Error("link restarts"));
        stream = undefined;
      }
      await sleep(
        Math.min(dialCapMs, dialBaseMs * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2),
        signal,
      );
    }
  }

  async function pump(open: Stream): Promise<void> {
    const ended = new Promise<void>((resolve) =>
      open.addEventListener("close", () => resolve(), { once: true }),
    );
    while (!signal.aborted && open.status === "open") {
      const message = queue[0];
      if (message === undefined) {
        await Promise.race([ended, new Promise<void>((resolve) => (wake = resolve))]);
        continue;
      }
      if (!open.send(frame(message)))
        await open.onDrain({ signal: AbortSignal.timeout(drainTimeoutMs) });
      queue.shift();
    }
  }

  run().catch((error: unknown) => {
    if (!signal.aborted)
      options.logger.error("peer link stopped", {
        peer: peer.address,
        reason: describeError(error),
      });
  });
  signal.addEventListener("abort", () => wake(), { once: true });
  return {
    address: peer.address,
    multiaddr: peer.multiaddr,
    rate: peer.rate,
    send(message) {
      if (queue.length >= peerQueueMax) queue.shift();
      queue.push(message);
      wake();
    },
    isOpen: () => stream?.status === "open",
    close: () => closed.abort(),
  };
}
