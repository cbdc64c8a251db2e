/** The orderer's canonical chain as this node knows it: events keep it current, a question fills it at start and gaps. */
import type { Bus } from "@sequorum/bus";
import type { CanonicalChainUpdated } from "@sequorum/proto/events";
import { OrdererService } from "@sequorum/proto/orderer";
import type { BlockReference } from "@sequorum/proto/types";
import { type BlockHeight, bytesToHex } from "@sequorum/protocol";
import {
  createGrpcClient,
  describeError,
  type Logger,
  RetryableError,
  RpcError,
  retry,
} from "@sequorum/service";
import type { CanonicalBlock, CanonicalView } from "../core/pool/certification.ts";
import type { RecordPayload } from "../ports.ts";

/** Blocks that the view holds; the orderer bounds how far a leader runs ahead. */
const viewBlocksMax = 4_096;

/** What the view works with. */
export type CanonicalViewOptions = {
  readonly bus: Bus;
  readonly ordererUrl: string;
  /** Last certified height: what is below is of no use. */
  readonly certifiedHeight: () => BlockHeight;
  readonly onChange: (view: CanonicalView) => void;
  /** Takes the orderer's reports of silent leaders. */
  readonly record: RecordPayload;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** A running view. */
export type ViewFollower = {
  /** Forgets what is certified. */
  readonly onCertified: () => void;
  readonly close: () => void;
};

/** Follows the orderer; works while it is down, with what is known. */
export function followOrderer(options: CanonicalViewOptions): ViewFollower {
  const { bus, signal, logger, certifiedHeight, onChange } = options;
  const orderer = createGrpcClient(OrdererService, options.ordererUrl);
  let view: CanonicalView = [];
  let refreshing: "no" | "running" | "again" = "no";

  const replace = (next: CanonicalView): void => {
    view = next.filter(({ height }) => height > certifiedHeight()).slice(0, viewBlocksMax);
    onChange(view);
  };

  /** Asks for the whole uncertified chain. */
  async function refresh(): Promise<void> {
    const { blocks } = await orderer.getCanonicalChain(
      { from: certifiedHeight() + 1n },
      { signal, timeoutMs: 3_000 },
    );
    replace(blocks.map(toCanonicalBlock));
  }

  function refreshSoon(): void {
    if (refreshing !== "no") {
      refreshing = "again";
      return;
    }
    refreshing = "running";
    const attempt = () =>
      refresh().catch((error: unknown) => {
        // A sibling that starts answers with errors for a moment: that is no fault of ours.
        if (error instanceof RpcError)
          throw new RetryableError("the orderer has no answer", { cause: error });
        throw error;
      });
    retry(attempt, {
      signal,
      baseMs: 100,
      capMs: 2_000,
      onFailure: (error, failures) => {
        if (failures === 3) logger.info("the orderer is away", { reason: describeError(error) });
      },
    })
      .catch((error: unknown) => {
        if (!signal.aborted)
          logger.error("the orderer's answer is not usable", { reason: describeError(error) });
      })
      .finally(() => {
        const isWantedAgain = refreshing === "again" && !signal.aborted;
        refreshing = "no";
        if (isWantedAgain) refreshSoon();
      });
  }

  bus.subscribe({
    from: "orderer",
    select: ({ payload }) =>
      payload.case === "canonicalChainUpdated" || payload.case === "leaderSilent",
    handle: async ({ payload }, tx) => {
      if (payload.case === "leaderSilent") {
        await options.record(tx, { type: "leaderSilent", term: payload.value.term });
      }
      if (payload.case !== "canonicalChainUpdated") return;
      const next = updated(view, payload.value, certifiedHeight());
      if (next === undefined) refreshSoon();
      else replace(next);
    },
  });
  refreshSoon();
  return {
    onCertified: () => {
      view = view.filter(({ height }) => height > certifiedHeight());
    },
    close: () => orderer.close(),
  };
}

/** The view after an update: cut at the fork, then continued; undefined when there is a gap. */
export function updated(
  view: CanonicalView,
  { forkHeight, blocks }: Pick<CanonicalChainUpdated, "forkHeight" | "blocks">,
  certified: BlockHeight,
): CanonicalView | undefined {
  const kept = view.filter(({ height }) => height <= forkHeight);
  const next = [...kept, ...blocks.map(toCanonicalBlock)].filter(
    ({ height }) => height > certified,
  );
  const [first] = next;
  const startsAbove = first !== undefined && first.height !== certified + 1n;
  const hasGap = next.some(
    (block, i) => i > 0 && block.height !== (next[i - 1]?.height ?? 0n) + 1n,
  );
  return startsAbove || hasGap ? undefined : next;
}

function toCanonicalBlock({ height, hash, parentHash, term }: BlockReference): CanonicalBlock {
  return { height, hash: bytesToHex(hash), parentHash: bytesToHex(parentHash), term };
}
