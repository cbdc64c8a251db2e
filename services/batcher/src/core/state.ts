/** State of the batcher: the open batch index, its certified blocks, and what was said about it already. */
import type {
  BatchHeader,
  BatchIndex,
  BlockHeight,
  Epoch,
  Hex,
  SigningDomain,
} from "@sequorum/protocol";
import type { SourceBlock } from "./source-block.ts";

/** Limits and identities; they do not change while the service runs. */
export type Parameters = {
  /** This operator's sequencer address. */
  readonly self: Hex;
  readonly domain: SigningDomain;
  readonly l2ChainId: bigint;
  readonly blocksMax: number;
  readonly bytesMax: number;
  readonly ageMsMax: number;
};

/** An index for which a proposal is wanted, as the PoS chain decided. */
export type OpenBatch = {
  readonly index: BatchIndex;
  readonly attempt: number;
  readonly proposer: Hex;
  readonly firstBlock: BlockHeight;
  readonly openedAtMs: number;
  readonly parentHash: Hex;
  /** Zero before batch 1. */
  readonly parentBlockHash: Hex;
  readonly queueFrom: bigint;
  readonly epoch: Epoch;
};

/** A header that the PoS chain wants judged. */
export type Proposal = { readonly attempt: number; readonly header: BatchHeader };

export type State = {
  readonly parameters: Parameters;
  readonly nowMs: number;
  readonly certifiedHeight: BlockHeight;
  /** null until the first index opens. */
  readonly open: OpenBatch | null;
  /** Certified blocks from `open.firstBlock` on, consecutive, at most `blocksMax`. */
  readonly blocks: readonly SourceBlock[];
  /** Whether an answer to `fetchBlocks` is awaited. */
  readonly isFetching: boolean;
  /** No fetch before this time; set by a failed one. */
  readonly fetchAfterMs: number;
  /** The proposal of the open attempt, null until there is one. */
  readonly proposal: Proposal | null;
  /** Whether this batcher proposed in the open attempt. */
  readonly hasProposed: boolean;
  /** Whether this batcher endorsed or refused in the open attempt. */
  readonly hasAnswered: boolean;
  /** Plain size at which the encoded size was last looked at; saves encoding at each new block. */
  readonly sizeCheckedAtPlainBytes: number;
};

/** State before anything is known. */
export function initialState(parameters: Parameters, nowMs: number): State {
  return {
    parameters,
    nowMs,
    certifiedHeight: 0n,
    open: null,
    blocks: [],
    isFetching: false,
    fetchAfterMs: 0,
    proposal: null,
    hasProposed: false,
    hasAnswered: false,
    sizeCheckedAtPlainBytes: 0,
  };
}
