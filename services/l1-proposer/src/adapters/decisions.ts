// Decisions of the PoS chain as inputs: stored in the transaction that moves the cursor, offered after the commit.

import type { Bus } from "@sequorum/bus";
import type { Event } from "@sequorum/proto/events";
import { assert, batchDigest, bytesToHex, type Hex, type SigningDomain } from "@sequorum/protocol";
import type { BatchTrace } from "@sequorum/service";
import { afterCommit, type Transaction } from "@sequorum/store";
import type { Input } from "../core/input.ts";
import type { Submission, SubmissionKey, SubmissionKind } from "../core/state.ts";
import type { SubmissionContent } from "../ports.ts";
import { headerOf } from "./build-call.ts";
import { insertSubmission } from "./submission-store.ts";

/** What following decisions needs. */
export type FollowOptions = {
  readonly domain: SigningDomain;
  /** This operator's sequencer address: its place in the posting order. */
  readonly self: Hex;
  readonly offer: (input: Input) => void;
};

const kinds = ["batchSigned", "batchPosted", "batchRejected", "epochKeySigned", "epochActivated"];

/** Subscribes to what concerns L1. */
export function followDecisions(bus: Bus, traces: BatchTrace, options: FollowOptions): void {
  bus.subscribe({
    from: "pos-consensus",
    observe: traces.observe,
    select: ({ payload }) =>
      payload.case === "decision" && kinds.includes(payload.value.kind.case ?? ""),
    handle: (event, tx) => handleDecision(event, tx, options),
  });
}

/** Handles one event; exported for tests. */
export async function handleDecision(
  { payload }: Event,
  tx: Transaction,
  options: FollowOptions,
): Promise<void> {
  if (payload.case !== "decision") return;
  const { kind } = payload.value;
  const offer = (input: Input) => afterCommit(tx, () => options.offer(input));
  switch (kind.case) {
    case "batchSigned":
    case "epochKeySigned": {
      const content: SubmissionContent =
        kind.case === "batchSigned"
          ? { type: "batch", signed: kind.value }
          : { type: "epoch", signed: kind.value };
      const submission = submissionOf(content, options);
      const isNew = await insertSubmission(tx, submission, content);
      if (isNew) offer({ type: "submissionSigned", submission });
      return;
    }
    case "batchPosted": {
      const { batchIndex: subject, l1TxHash } = kind.value;
      return offer({
        type: "submissionConfirmed",
        kind: "batch",
        subject,
        txHash: bytesToHex(l1TxHash),
      });
    }
    case "epochActivated":
      return offer({
        type: "submissionConfirmed",
        kind: "epoch",
        subject: kind.value.epoch,
        txHash: undefined,
      });
    case "batchRejected":
      return offer({
        type: "submissionVoided",
        subject: kind.value.batchIndex,
        attempt: kind.value.attempt,
      });
    default:
      return;
  }
}

function submissionOf(content: SubmissionContent, { domain, self }: FollowOptions): Submission {
  const order = content.signed.posterOrder.map(bytesToHex);
  const place = order.indexOf(self);
  const common = {
    position: place === -1 ? order.length : place,
    status: { type: "fresh" },
  } as const;
  if (content.type === "epoch") {
    const { epoch: subject, digest } = content.signed;
    const hex = bytesToHex(digest);
    return {
      ...common,
      key: keyOf("epoch", subject, hex),
      kind: "epoch",
      subject,
      digest: hex,
      attempt: 0,
    };
  }
  const header = headerOf(content.signed);
  const digest = bytesToHex(content.signed.header?.digest ?? new Uint8Array());
  // T2: the digest is that of the header which is sent; otherwise our own pos-consensus is at fault.
  assert(batchDigest(header, domain) === digest, "the digest is the header's", {
    index: header.index,
  });
  const { index: subject } = header;
  const { attempt } = content.signed;
  return {
    ...common,
    key: keyOf("batch", subject, digest),
    kind: "batch",
    subject,
    digest,
    attempt,
  };
}

function keyOf(kind: SubmissionKind, subject: bigint, digest: Hex): SubmissionKey {
  return `${kind}:${subject}:${digest}`;
}
