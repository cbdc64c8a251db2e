/** Decisions of the PoS chain, from the bus to the core: stored first, offered after the commit. */
import type { Bus } from "@sequorum/bus";
import type { BatchOpened, Decision, Event } from "@sequorum/proto/events";
import type { SigningDomain } from "@sequorum/protocol";
import { assert, batchDigest, bytesToHex, decodeBatchHeader } from "@sequorum/protocol";
import type { BatchTrace } from "@sequorum/service";
import { afterCommit, type Transaction } from "@sequorum/store";
import type { Input } from "../core/input.ts";
import type { OpenBatch } from "../core/state.ts";
import { loadSaid, saveCertified, saveOpening, saveProposal } from "./batch-store.ts";

const wanted: readonly Decision["kind"]["case"][] = [
  "blocksCertified",
  "batchOpened",
  "batchProposed",
  "batchRejected",
  "batchFinal",
];

/** What decisions lead to. */
export type DecisionSink = {
  readonly domain: SigningDomain;
  readonly offer: (input: Input) => void;
  readonly onRejected: () => void;
  readonly traces: BatchTrace;
};

/** Starts following the decisions from where the cursor is. */
export function followDecisions(bus: Bus, sink: DecisionSink): void {
  bus.subscribe({
    from: "pos-consensus",
    observe: sink.traces.observe,
    select: (event) => wanted.includes(decisionOf(event)?.kind.case),
    handle: async (event, tx) => {
      const decision = decisionOf(event);
      const input = decision === undefined ? undefined : await record(tx, decision, sink);
      if (input !== undefined) afterCommit(tx, () => sink.offer(input));
    },
  });
}

function decisionOf(event: Event): Decision | undefined {
  return event.payload.case === "decision" ? event.payload.value : undefined;
}

/** Stores what a restart needs of the decision and gives the input that it is to the core. */
async function record(
  tx: Transaction,
  { kind }: Decision,
  sink: DecisionSink,
): Promise<Input | undefined> {
  switch (kind.case) {
    case "blocksCertified": {
      const { from, hashes } = kind.value;
      if (hashes.length === 0) return undefined;
      await saveCertified(tx, from, hashes.map(bytesToHex));
      return { type: "blocksCertified", height: from + BigInt(hashes.length) - 1n };
    }
    case "batchOpened": {
      const open = toOpenBatch(kind.value);
      await saveOpening(tx, open);
      return { type: "batchOpened", open, ...(await loadSaid(tx, open)) };
    }
    case "batchProposed": {
      const header = decodeBatchHeader(kind.value.header?.abi ?? new Uint8Array(0));
      assert(header !== undefined, "a decided header is well formed");
      const proposal = { attempt: kind.value.attempt, header };
      await saveProposal(tx, proposal, batchDigest(header, sink.domain));
      return { type: "batchProposed", ...proposal };
    }
    case "batchRejected":
      afterCommit(tx, sink.onRejected);
      return undefined;
    case "batchFinal":
      return { type: "batchFinal", lastBlock: kind.value.lastBlock };
    default:
      return undefined;
  }
}

function toOpenBatch(event: BatchOpened): OpenBatch {
  return {
    index: event.batchIndex,
    attempt: event.attempt,
    proposer: bytesToHex(event.proposer),
    firstBlock: event.firstBlock,
    openedAtMs: Number(event.openedAtMs),
    parentHash: bytesToHex(event.parentHash),
    parentBlockHash: bytesToHex(event.parentBlockHash),
    queueFrom: event.queueFrom,
    epoch: event.epoch,
  };
}
