/** Certification in the traces of the L2 blocks. */
import type { Decision } from "@sequorum/protocol";
import { isTracing, recordBlockSpan, tracedBlocksMax } from "@sequorum/service";

/** Records which blocks were certified, from the time of the PoS block to its commit here. */
export function traceCertified(decisions: readonly Decision[]): void {
  if (!isTracing()) return;
  for (const decision of decisions) {
    if (decision.type !== "blocksCertified") continue;
    const { hashes, from, timeMs, posHeight, blockId } = decision;
    for (const [place, blockHash] of hashes.slice(0, tracedBlocksMax).entries()) {
      recordBlockSpan({
        service: "pos-consensus",
        blockHash,
        name: "block certified",
        startMs: timeMs,
        endMs: Date.now(),
        attributes: {
          "sequorum.block.height": Number(from) + place,
          "sequorum.pos.height": Number(posHeight),
          "sequorum.pos.block_id": blockId,
        },
      });
    }
  }
}
