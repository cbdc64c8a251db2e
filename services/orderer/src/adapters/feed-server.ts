/** The feed as this node serves it to the other operators (mutual TLS). */
import { FeedService } from "@sequorum/proto/feed";
import { assert, type Hex } from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler, RpcError } from "@sequorum/service";
import type { SubmitResult } from "../ports.ts";
import type { BlockReader } from "./block-reader.ts";
import { hexOf } from "./block-rows.ts";
import type { FeedHub, FeedMessage } from "./feed-hub.ts";
import { feedBlockOf, feedMessageToProto, sealedBlockToProto } from "./feed-wire.ts";

/** Bounds of single requests. */
const hashesMax = 64;
const forwardedMax = 1_024;
const pageBlocks = 64;

/** What the server works with. */
export type FeedServerDeps = {
  readonly hub: FeedHub;
  readonly reader: BlockReader;
  readonly submit: (raw: Uint8Array) => Promise<SubmitResult>;
};

/** Implements FeedService. */
export function feedHandler({ hub, reader, submit }: FeedServerDeps): GrpcHandler {
  return grpcHandler(FeedService, {
    async *streamFeed({ from }, { signal, peer }) {
      for await (const message of messages({ hub, reader }, { from, signal, peer })) {
        yield feedMessageToProto(message);
      }
    },
    async forwardTransactions({ raw }) {
      if (raw.length > forwardedMax)
        throw new RpcError("INVALID_ARGUMENT", "TOO_MANY_TRANSACTIONS");
      const results = await Promise.all(raw.map(submit));
      return { codes: results.map((result) => (isStored(result) ? "" : result.code)) };
    },
    async getBlocksByHash({ hashes }) {
      if (hashes.length > hashesMax || hashes.some(({ length }) => length !== 32)) {
        throw new RpcError("INVALID_ARGUMENT", "HASHES_INVALID");
      }
      const blocks = await reader.byHashes(hashes.map(hexOf));
      return { blocks: blocks.map((block) => sealedBlockToProto(feedBlockOf(block))) };
    },
  });
}

function isStored(result: SubmitResult): result is Extract<SubmitResult, { type: "accepted" }> {
  return result.type === "accepted" || result.code === "ALREADY_KNOWN";
}

/** Stored blocks from a height on, then live messages; a block may come twice, which is harmless. */
async function* messages(
  { hub, reader }: Pick<FeedServerDeps, "hub" | "reader">,
  { from, signal, peer }: { from: bigint; signal: AbortSignal; peer: Hex | undefined },
): AsyncGenerator<FeedMessage, void> {
  const live = hub.follow(peer, signal);
  try {
    for (let height = from > 0n ? from : 1n; !signal.aborted; ) {
      const page = await reader.canonical(height, pageBlocks);
      for (const stored of page) yield { type: "block", block: feedBlockOf(stored) };
      const last = page.at(-1);
      if (last === undefined) break;
      assert(last.block.header.number >= height, "pages go up");
      height = last.block.header.number + 1n;
    }
    yield* live;
  } finally {
    await live.return();
  }
}
