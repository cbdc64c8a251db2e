/** Decisions of the PoS chain, from the bus: written first, told to the core after the commit. */
import type { Bus } from "@sequorum/bus";
import { decisionFromProto } from "@sequorum/proto/convert/decision";
import type { Decision as DecisionMessage, Event } from "@sequorum/proto/events";
import type { Decision } from "@sequorum/protocol";
import { afterCommit, type Transaction } from "@sequorum/store";
import type { Input } from "../core/input.ts";
import { insertCertified, insertTerm, writeBatch } from "./progress-store.ts";

const wanted: readonly DecisionMessage["kind"]["case"][] = [
  "termStarted",
  "blocksCertified",
  "batchPosted",
  "batchFinal",
];

/** Where decisions go. */
export type DecisionSink = {
  readonly offer: (input: Input) => void;
  readonly nowMs: () => number;
  /** Blocks up to this height are in a posted batch, or in a final one. */
  readonly onBatch: (batch: { readonly lastBlock: bigint; readonly isFinal: boolean }) => void;
};

/** Starts following decisions from where this service's cursor is. */
export function followDecisions(bus: Bus, sink: DecisionSink): void {
  bus.subscribe({
    from: "pos-consensus",
    select: (event) => wanted.includes(messageOf(event)?.kind.case),
    handle: async (event, tx) => {
      const message = messageOf(event);
      if (message !== undefined) await record(tx, decisionFromProto(message), sink);
    },
  });
}

function messageOf(event: Event): DecisionMessage | undefined {
  return event.payload.case === "decision" ? event.payload.value : undefined;
}

async function record(tx: Transaction, decision: Decision, sink: DecisionSink): Promise<void> {
  const offer = (input: Input) => afterCommit(tx, () => sink.offer(input));
  switch (decision.type) {
    case "termStarted": {
      const { term, leader, firstBlock, lastBlock } = decision;
      const info = { term, leader, firstBlock, lastBlock };
      await insertTerm(tx, info);
      return offer({ type: "termStarted", term: info, atMs: sink.nowMs() });
    }
    case "blocksCertified": {
      const { from, hashes } = decision;
      if (hashes.length === 0) return;
      await insertCertified(tx, { from, hashes });
      return offer({ type: "blocksCertified", from, hashes, atMs: sink.nowMs() });
    }
    case "batchPosted": {
      const { index, lastBlock, l1TxHash } = decision;
      await writeBatch(tx, { index, lastBlock, l1TxHash, isFinal: false });
      return afterCommit(tx, () => sink.onBatch({ lastBlock, isFinal: false }));
    }
    case "batchFinal": {
      const { index, lastBlock } = decision;
      await writeBatch(tx, { index, lastBlock, l1TxHash: undefined, isFinal: true });
      return afterCommit(tx, () => sink.onBatch({ lastBlock, isFinal: true }));
    }
    default:
      return;
  }
}
