import type { Hex } from "./bytes.ts";
import { merkleRoot } from "./merkle.ts";

/** Size of a chunk of batch data in bytes; the last one may be shorter. */
export const chunkBytes = 1_024;

/** The data cut into chunks; empty data has none. */
export function dataChunks(data: Uint8Array): Uint8Array[] {
  const count = Math.ceil(data.length / chunkBytes);
  return Array.from({ length: count }, (_, i) =>
    data.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
}

/** `daRoot` of calldata: Merkle root of the chunks. */
export function chunkRoot(data: Uint8Array): Hex {
  return merkleRoot(dataChunks(data));
}
