/** What can be checked of a submission before its data is decoded and its blocks are executed. */
import type { BatchHeader, BatchHeaderField } from "@sequorum/protocol";
import {
  batchDigest,
  chunkRoot,
  currentStfVersion,
  daKindCalldata,
  differingHeaderFields,
  findBatchHeaderFault,
} from "@sequorum/protocol";
import type { Alarm, AlarmCode } from "./alarm.ts";
import { findProofFault } from "./check-proof.ts";
import type { State, Submission } from "./state.ts";

export type CheckedSubmission =
  | { readonly type: "right"; readonly data: Uint8Array }
  | { readonly type: "wrong"; readonly alarm: Alarm };

/** The data of the submission, or the first thing that is wrong with it. */
export function checkSubmission(state: State, submission: Submission): CheckedSubmission {
  const { header, calldata } = submission;
  if (calldata === null)
    return wrong(header, "CALLDATA_NOT_FOUND", `transaction ${submission.l1TxHash}`);
  const [contradicted] = differingHeaderFields(header, calldata.header);
  if (contradicted !== undefined)
    return wrong(header, "EVENT_CONTRADICTS_CALLDATA", "header", contradicted);
  const digest = batchDigest(header, state.parameters.domain);
  if (digest !== submission.batchHash)
    return wrong(header, "EVENT_CONTRADICTS_CALLDATA", `digest is ${digest}`);
  const malformed = findHeaderFault(state, header);
  if (malformed !== undefined) return wrong(header, "HEADER_MALFORMED", malformed);
  const unlinked = findUnlinkedField(state, header);
  if (unlinked !== undefined)
    return wrong(header, "HEADER_NOT_LINKED", "differs from the batch before", unlinked);
  const { data, proof } = calldata;
  if (header.daSize !== data.length)
    return wrong(header, "DATA_COMMITMENT_DIFFERS", `${data.length} bytes`, "daSize");
  const daRoot = chunkRoot(data);
  if (header.daRoot !== daRoot)
    return wrong(header, "DATA_COMMITMENT_DIFFERS", `root is ${daRoot}`, "daRoot");
  const key = state.epochs.find(({ epoch }) => epoch === header.epoch);
  const proofFault =
    key === undefined
      ? `epoch ${header.epoch} is not registered`
      : findProofFault(proof, digest, key);
  if (proofFault !== undefined) return wrong(header, "PROOF_INVALID", proofFault);
  return { type: "right", data };
}

function findHeaderFault({ parameters }: State, header: BatchHeader): string | undefined {
  if (header.chainId !== parameters.l2ChainId) return "chain id is another";
  if (header.stfVersion !== currentStfVersion) return "state-transition function is unknown";
  if (header.daKind !== daKindCalldata) return "data is not calldata";
  return findBatchHeaderFault(header);
}

function findUnlinkedField({ tip }: State, header: BatchHeader): BatchHeaderField | undefined {
  if (header.index !== tip.batchIndex + 1n) return "index";
  if (header.parentHash !== tip.batchHash) return "parentHash";
  if (header.firstBlock !== tip.height + 1n) return "firstBlock";
  if (header.parentBlockHash !== tip.blockHash) return "parentBlockHash";
  if (header.queueFrom !== tip.queuePosition) return "queueFrom";
  return undefined;
}

function wrong(
  header: BatchHeader,
  code: AlarmCode,
  detail: string,
  field: BatchHeaderField | null = null,
): CheckedSubmission {
  return { type: "wrong", alarm: { batchIndex: header.index, code, field, height: null, detail } };
}
