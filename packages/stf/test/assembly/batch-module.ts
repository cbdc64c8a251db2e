/** The module's batch decoder, seen like `decodeBatch`. */
import { RLP } from "@ethereumjs/rlp";
import {
  type BatchBlock,
  type BatchDataRejection,
  bytesToBigint,
  bytesToHex,
} from "@sequorum/protocol";
import * as codes from "../../assembly/interface.ts";
import { compileAssembly } from "./compile.ts";

type Verdict = readonly BatchBlock[] | { readonly rejected: BatchDataRejection };
type Output = { readonly kind: number; readonly content: Uint8Array };

const rejections: ReadonlyMap<number, BatchDataRejection> = new Map([
  [codes.faultStreamTruncated, "STREAM_TRUNCATED"],
  [codes.faultStreamMalformed, "STREAM_MALFORMED"],
  [codes.faultStreamTooLong, "STREAM_TOO_LONG"],
  [codes.faultStreamTrailingBytes, "STREAM_TRAILING_BYTES"],
  [codes.faultColumnsTruncated, "COLUMNS_TRUNCATED"],
  [codes.faultColumnsTrailingBytes, "COLUMNS_TRAILING_BYTES"],
  [codes.faultColumnsVersionUnknown, "COLUMNS_VERSION_UNKNOWN"],
  [codes.faultColumnsWithoutBlocks, "COLUMNS_WITHOUT_BLOCKS"],
  [codes.faultColumnValueOutOfRange, "COLUMN_VALUE_OUT_OF_RANGE"],
  [codes.faultNotCanonical, "NOT_CANONICAL"],
]);

let data = new Uint8Array(0);
let outputs: Output[] = [];

export const module = await compileAssembly(
  new URL("./batch-entry.ts", import.meta.url),
  (memoryOf) => ({
    preimage: (kind) => {
      if (kind !== codes.preimageBatchData) throw new Error(`asked for ${kind}`);
      return data.length;
    },
    takePreimage: (destination) => new Uint8Array(memoryOf().buffer).set(data, destination),
    emit: (kind, content, length) => {
      outputs.push({
        kind,
        content: new Uint8Array(memoryOf().buffer.slice(content, content + length)),
      });
    },
  }),
);

/** Runs the entry; answers its exit code and what it handed out. */
export function runBatch(batchData: Uint8Array): { exit: number; outputs: readonly Output[] } {
  data = Uint8Array.from(batchData);
  outputs = [];
  const exit = module.call("batch");
  return { exit, outputs };
}

/** The blocks that the module reads in `batchData`, or why it reads none. */
export function decodeInModule(batchData: Uint8Array): Verdict {
  const { exit, outputs: given } = runBatch(batchData);
  if (exit === codes.exitDone) return given.map(blockOf);
  const [fault] = given.map(({ content }) => list(RLP.decode(content)));
  if (
    exit !== codes.exitNotIncludable ||
    given.length !== 1 ||
    given[0]?.kind !== codes.outputFault
  )
    throw new Error(`exit code ${exit} with ${given.length} outputs`);
  const rejected = rejections.get(Number(bytesToBigint(bytes(fault?.[0]))));
  if (rejected === undefined) throw new Error("a fault that is none of batch data");
  return { rejected };
}

function blockOf({ kind, content }: Output): BatchBlock {
  if (kind !== codes.outputBatchBlock) throw new Error(`output ${kind}`);
  const [timestamp, originNumber, term, coinbase, transactions, ...more] = list(
    RLP.decode(content),
  );
  if (more.length > 0) throw new Error("more items than a block has");
  return {
    timestamp: bytesToBigint(bytes(timestamp)),
    l1OriginNumber: bytesToBigint(bytes(originNumber)),
    term: bytesToBigint(bytes(term)),
    coinbase: bytesToHex(bytes(coinbase)),
    transactions: list(transactions).map(bytes),
  };
}

function bytes(item: unknown): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new Error("not a byte string");
  return new Uint8Array(item);
}

function list(item: unknown): readonly unknown[] {
  if (!Array.isArray(item)) throw new Error("not a list");
  return item;
}
