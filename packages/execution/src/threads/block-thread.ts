/** The thread for blocks. */
import type { Hex } from "@sequorum/protocol";
import {
  type BlockInputs,
  type BuiltBlock,
  type DecodedBatch,
  type DerivedInputs,
  type ExecutedBlock,
  type ExecutionRules,
  type L2Block,
  loadModule,
  type NotIncludable,
  type ParentBlock,
} from "@sequorum/stf";
import type { ContentReader } from "../contents/content-reader.ts";
import { startThread } from "./ask-thread.ts";
import type { ExecutionThreadData, ThreadRequest } from "./thread-requests.ts";

/** What threads that execute are made of. */
export type ExecutionOptions = {
  readonly chainId: bigint;
  readonly rules: ExecutionRules;
  readonly reader: ContentReader;
  readonly cacheBytesMax: number;
};

/** Executes blocks away from the main thread. The state of an executed block is held until it is released. */
export type BlockThread = {
  build(
    parent: ParentBlock,
    inputs: BlockInputs,
    buildMsMax: number,
  ): Promise<BuiltBlock | NotIncludable>;
  verify(
    parent: ParentBlock,
    block: L2Block,
    derived: DerivedInputs,
  ): Promise<ExecutedBlock | NotIncludable>;
  apply(parent: ParentBlock, inputs: BlockInputs): Promise<ExecutedBlock | NotIncludable>;
  decodeBatch(data: Uint8Array): Promise<DecodedBatch>;
  /** Takes packed recoveries, so that no block has to recover them. */
  remember(recoveries: Uint8Array): void;
  /** Takes packed contents, so that no block has to wait for them. */
  add(contents: Uint8Array): void;
  /** The block is stored, or dropped. */
  release(hash: Hex, isStored: boolean): void;
  close(): Promise<void>;
};

const heapMbMax = 512;

/** Starts the thread; its unexpected end is told to `fail`. */
export function startBlockThread(
  options: ExecutionOptions,
  fail: (error: unknown) => void,
): BlockThread {
  const { thread, close } = startExecutionThread(options, "blocks", fail);
  const tell = (request: ThreadRequest) => void thread.ask(request).catch(fail);
  return {
    build: (parent, inputs, buildMsMax) =>
      thread.ask({ method: "build", parent, inputs, buildMsMax }),
    verify: (parent, block, derived) => thread.ask({ method: "verify", parent, block, derived }),
    apply: (parent, inputs) => thread.ask({ method: "apply", parent, inputs }),
    decodeBatch: (data) => thread.ask({ method: "decodeBatch", data }),
    remember: (recoveries) => tell({ method: "remember", recoveries }),
    add: (contents) => tell({ method: "add", contents }),
    release: (hash, isStored) => tell({ method: "release", hash, isStored }),
    close,
  };
}

/** Starts a thread that executes, on a channel of its own. */
export function startExecutionThread(
  { chainId, rules, reader, cacheBytesMax }: ExecutionOptions,
  name: string,
  onEnd: (error: unknown) => void,
) {
  const channel = reader.open();
  const data: ExecutionThreadData = {
    chainId,
    rules,
    module: loadModule(),
    channel,
    cacheBytesMax,
  };
  const thread = startThread<ThreadRequest>({
    file: new URL("./execution-thread.ts", import.meta.url),
    name,
    data,
    heapMbMax,
    onEnd: (error) => {
      reader.close(channel);
      onEnd(error);
    },
  });
  return {
    thread,
    async close() {
      reader.close(channel); // first: it wakes a thread that waits for an answer
      await thread.close();
    },
  };
}
