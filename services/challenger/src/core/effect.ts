/** What the derivation wants done, in order. */
import type { BatchBlock, BatchIndex, Hex } from "@sequorum/protocol";
import type { Alarm } from "./alarm.ts";
import type { Submission, Tip } from "./state.ts";

export type Effect =
  /** Answered by `dataDecoded` or `dataNotDecodable`. */
  | { readonly type: "decodeData"; readonly data: Uint8Array }
  /** Answered by `blockExecuted` or `blockNotIncludable`. */
  | {
      readonly type: "executeBlock";
      readonly parentHash: Hex;
      readonly parentOriginNumber: bigint;
      readonly block: BatchBlock;
      /** L1 block of the submission: origins are below it. */
      readonly l1BlockNumber: bigint;
    }
  /** The batch is right; `tip` is the new end of the verified chain. */
  | { readonly type: "recordVerified"; readonly submission: Submission; readonly tip: Tip }
  /** The batch is wrong. */
  | { readonly type: "raiseAlarm"; readonly submission: Submission; readonly alarm: Alarm }
  /** The batch builds on a wrong one. */
  | { readonly type: "recordUnverified"; readonly submission: Submission }
  | { readonly type: "recordVoid"; readonly fromIndex: BatchIndex };
