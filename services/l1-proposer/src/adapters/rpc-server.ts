// L1ProposerService: status of the sender, list of submissions.

import { L1ProposerService, SubmissionState } from "@sequorum/proto/proposer";
import { bigintToBytes, type Hex, hexToBytes } from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler } from "@sequorum/service";
import { nextNonce } from "../core/schedule.ts";
import type { State, SubmissionStatus } from "../core/state.ts";
import type { ListedSubmission } from "./submission-store.ts";

/** What the answers are made of. */
export type RpcSources = {
  readonly sender: Hex;
  readonly state: () => State;
  readonly list: (limit: number) => Promise<readonly ListedSubmission[]>;
};

const listDefault = 100;
const listMax = 1_000;

const states: Readonly<Record<SubmissionStatus["type"], SubmissionState>> = {
  fresh: SubmissionState.FRESH,
  prepared: SubmissionState.PREPARED,
  sent: SubmissionState.SENT,
  mined: SubmissionState.MINED,
  final: SubmissionState.FINAL,
  superseded: SubmissionState.SUPERSEDED,
  failed: SubmissionState.FAILED,
};

/** The gRPC handler. Before L1 has been seen, balance, nonce and head are zero. */
export function l1ProposerRpc({ sender, state, list }: RpcSources): GrpcHandler {
  return grpcHandler(L1ProposerService, {
    async getStatus() {
      const current = state();
      const { l1 } = current;
      return {
        sender: hexToBytes(sender),
        balanceWei: bigintToBytes(l1?.balanceWei ?? 0n, 32),
        nonce: l1 === undefined ? 0n : BigInt(nextNonce(current, l1)),
        l1Head: l1?.block ?? 0n,
      };
    },
    async listSubmissions({ limit }) {
      const submissions = await list(limit === 0 ? listDefault : Math.min(limit, listMax));
      return {
        submissions: submissions.map(({ kind, subject, status, txHash, gasUsed }) => ({
          kind,
          subject,
          state: states[status.type],
          l1TxHash: hexToBytes(txHash ?? "0x"),
          gasUsed,
        })),
      };
    },
  });
}
