/** From a peer's message to an input: rates, signatures, block sync. Only what is verified reaches the core. */
import { toBinary } from "@bufbuild/protobuf";
import { type PeerMessage, PeerMessageSchema } from "@sequorum/proto/consensus";
import type { CommitCertificate, Hex, PosBlock, PosHeight } from "@sequorum/protocol";
import { sleep } from "@sequorum/service";
import type { Input } from "../core/tendermint/input.ts";
import { statusOf } from "../core/tendermint/on-peer-status.ts";
import type { State } from "../core/tendermint/state.ts";
import type { Chain } from "./chain.ts";
import type { ChainStore } from "./chain-store.ts";
import type { EngineLimits } from "./engine-options.ts";
import type { MessageVerifier } from "./message-verifier.ts";
import {
  blocksPerRequestMax,
  fromPeerMessage,
  type IncomingMessage,
  type OutgoingMessage,
  toBlockResponse,
  toPeerMessage,
} from "./peer-message.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";

/** The way in. */
export type PeerInbox = {
  readonly receive: (peer: Hex, message: PeerMessage) => Promise<void>;
  readonly statusMessage: (state: State) => OutgoingMessage;
  /** Whether the block of this height has been delivered ahead of time. */
  readonly holdsBlock: (height: PosHeight) => boolean;
  /** A height begins: offers its block if it was delivered ahead of time. */
  readonly onHeightStarted: (height: PosHeight) => void;
};

/** What the inbox works with. */
export type PeerInboxOptions = {
  readonly chain: Pick<Chain<never, never, never>, "tip">;
  readonly chainStore: Pick<ChainStore, "readBlock">;
  readonly verifier: MessageVerifier;
  readonly limits: EngineLimits;
  readonly signal: AbortSignal;
  readonly offer: (input: Input, onTaken?: () => void) => void;
  readonly onTransactions: (transactions: readonly Hex[], peer: Hex) => void;
  readonly send: (to: Hex, message: OutgoingMessage) => void;
};

type DecidedBlock = {
  readonly block: PosBlock;
  readonly certificate: CommitCertificate;
  readonly by: Hex;
};

type PeerState = {
  readonly messages: RateLimit;
  readonly bytes: RateLimit;
  waiting: number;
  wake: (() => void)[];
};

/** Largest answer to one block request. */
const responseBytesMax = 8 * 1_024 * 1_024;

/** Creates the inbox; `receive` resolves when the peer may be read further (backpressure). */
export function createPeerInbox(options: PeerInboxOptions): PeerInbox {
  const { chain, verifier, limits } = options;
  const peers = new Map<Hex, PeerState>();
  const delivered = new Map<PosHeight, DecidedBlock>();
  const stateOf = (peer: Hex): PeerState => {
    const known = peers.get(peer);
    if (known !== undefined) return known;
    const created: PeerState = {
      messages: createRateLimit(limits.peerMessagesPerSecond, Date.now),
      bytes: createRateLimit(limits.peerBytesPerSecond, Date.now),
      waiting: 0,
      wake: [],
    };
    peers.set(peer, created);
    return created;
  };

  /** Offers an input on behalf of a peer, and waits while too many of its inputs are in the queue. */
  const offerFrom = async (peer: Hex, input: Input): Promise<void> => {
    const state = stateOf(peer);
    while (state.waiting >= limits.peerInputsMax) {
      await new Promise<void>((resolve) => state.wake.push(resolve));
    }
    state.waiting += 1;
    options.offer(input, () => {
      state.waiting -= 1;
      state.wake.shift()?.();
    });
  };

  const receive = async (peer: Hex, message: PeerMessage): Promise<void> => {
    const { messages, bytes } = stateOf(peer);
    const waitMs = Math.max(messages.take(1), bytes.take(sizeOf(message)));
    if (waitMs > 0) await sleep(waitMs, options.signal);
    const incoming = fromPeerMessage(message, limits);
    switch (incoming.type) {
      case "vote":
        if (!isNear(incoming.vote.height)) return;
        return offerFrom(peer, {
          type: "verifiedVote",
          vote: verifier.verifyVote(incoming.vote),
          by: peer,
        });
      case "proposal": {
        if (!isNear(incoming.proposal.height)) return;
        const proposal = verifier.verifyProposal(incoming);
        const atMs = BigInt(Date.now());
        return offerFrom(peer, {
          type: "verifiedProposal",
          proposal,
          block: incoming.block,
          by: peer,
          atMs,
        });
      }
      case "status":
        return offerFrom(peer, { type: "peerStatus", peer, status: incoming.status });
      case "blockRequest":
        return answerRequest(options, peer, incoming);
      case "blocks":
        return takeBlocks(peer, incoming.blocks);
      case "transactions":
        return options.onTransactions(incoming.transactions, peer);
    }
  };

  const takeBlocks = async (
    peer: Hex,
    blocks: Extract<IncomingMessage, { type: "blocks" }>["blocks"],
  ): Promise<void> => {
    const { height } = chain.tip();
    for (const { block, certificate } of blocks) {
      const ahead = certificate.height - height;
      if (ahead < 0n || ahead >= BigInt(blocksPerRequestMax)) continue;
      if (!verifier.isCommitOf(certificate, block)) continue;
      delivered.set(certificate.height, { block, certificate, by: peer });
    }
    const input = takeVerified(height);
    if (input !== undefined) await offerFrom(peer, input);
  };

  /** The certificate can be checked only when the height's validators are known: now. */
  const takeVerified = (height: PosHeight): Input | undefined => {
    const found = delivered.get(height);
    for (const old of [...delivered.keys()]) if (old <= height) delivered.delete(old);
    if (found === undefined) return undefined;
    const { block, certificate, by } = found;
    const fault = verifier.certificateFault(certificate, chain.tip().validators);
    return fault === undefined ? { type: "verifiedCommit", block, certificate, by } : undefined;
  };

  /** This height or the next one: anything else is stale or recovered by block sync. */
  const isNear = (height: PosHeight): boolean => {
    const current = chain.tip().height;
    return height === current || height === current + 1n;
  };

  return {
    receive,
    statusMessage: (state) => toPeerMessage({ type: "status", status: statusOf(state) }),
    holdsBlock: (height) => delivered.has(height),
    onHeightStarted: (height) => {
      const input = takeVerified(height);
      if (input !== undefined) options.offer(input);
    },
  };
}

/** Sends decided blocks, as many as fit. */
async function answerRequest(
  { chain, chainStore, send }: PeerInboxOptions,
  peer: Hex,
  { from, to }: { readonly from: PosHeight; readonly to: PosHeight },
): Promise<void> {
  const blocks: { block: PosBlock; certificate: CommitCertificate }[] = [];
  let bytes = 0;
  const decided = chain.tip().height - 1n;
  const last = to < decided ? to : decided;
  for (let height = from; height <= last && blocks.length < blocksPerRequestMax; height++) {
    const stored = await chainStore.readBlock(height);
    if (stored === undefined) break;
    bytes += stored.block.transactions.reduce(
      (sum, transaction) => sum + transaction.length / 2,
      1_024,
    );
    if (bytes > responseBytesMax && blocks.length > 0) break;
    blocks.push(stored);
  }
  if (blocks.length > 0) send(peer, toBlockResponse(blocks));
}

function sizeOf(message: PeerMessage): number {
  const { case: kind, value } = message.message;
  if (kind === "proposal") return value.block.length + 256;
  return kind === "poolTransactions" || kind === "blockResponse"
    ? toBinary(PeerMessageSchema, message).length
    : 256;
}
