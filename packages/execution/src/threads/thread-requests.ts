/** What is asked of a thread that executes, and what it answers. All of it is plain data. */
import type { Hex } from "@sequorum/protocol";
import type {
  BlockHeader,
  BlockInputs,
  CallRequest,
  DerivedInputs,
  ExecutionRules,
  L2Block,
  ParentBlock,
  TraceOptions,
} from "@sequorum/stf";
import type { ContentChannel } from "../contents/content-channel.ts";

/** What a thread starts with. */
export type ExecutionThreadData = {
  readonly chainId: bigint;
  readonly rules: ExecutionRules;
  /** The compiled state-transition module. */
  readonly module: WebAssembly.Module;
  readonly channel: ContentChannel;
  /** Memory for state that was read or written before. */
  readonly cacheBytesMax: number;
};

/** A question; each method is the executor's of that name, unless something is said. */
export type ThreadRequest =
  /** Answered as soon as the thread has loaded. */
  | { readonly method: "start" }
  | {
      readonly method: "build";
      readonly parent: ParentBlock;
      readonly inputs: BlockInputs;
      readonly buildMsMax: number;
    }
  | {
      readonly method: "verify";
      readonly parent: ParentBlock;
      readonly block: L2Block;
      readonly derived: DerivedInputs;
    }
  | { readonly method: "apply"; readonly parent: ParentBlock; readonly inputs: BlockInputs }
  | { readonly method: "decodeBatch"; readonly data: Uint8Array }
  | { readonly method: "call"; readonly header: BlockHeader; readonly request: CallRequest }
  | { readonly method: "trace"; readonly asked: TraceRequest }
  /** Packed recoveries of transactions that a block may have. */
  | { readonly method: "remember"; readonly recoveries: Uint8Array }
  /** Packed contents that execution may read. */
  | { readonly method: "add"; readonly contents: Uint8Array }
  /** An executed block is stored, or dropped. */
  | { readonly method: "release"; readonly hash: Hex; readonly isStored: boolean };

/** Names a transaction of a block, and what is wanted of its trace. */
export type TraceRequest = {
  readonly parent: ParentBlock;
  readonly block: L2Block;
  readonly traced: DerivedInputs & TraceOptions & { readonly index: number };
};

/** Why a thread could not answer. */
export type ThreadFailure = {
  readonly message: string;
  /** `missing`: content with the hash `missing` is not in the store. */
  readonly kind: "bug" | "environment" | "missing";
  readonly missing?: Hex;
};

/** An answer. */
export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: ThreadFailure };
