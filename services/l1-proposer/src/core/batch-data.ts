// P5: the data that is sent is the data that the pool signed.

import { type BatchHeader, chunkRoot, daKindCalldata } from "@sequorum/protocol";

/** Why data is not that of a header; undefined when it is. */
export function findDataFault(header: BatchHeader, data: Uint8Array): string | undefined {
  if (header.daKind !== daKindCalldata) return "DATA_KIND_UNSUPPORTED";
  if (data.length !== header.daSize) return "DATA_SIZE_MISMATCH";
  if (chunkRoot(data) !== header.daRoot) return "DATA_ROOT_MISMATCH";
  return undefined;
}
