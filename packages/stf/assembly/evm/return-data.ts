/** The output of the last call (EIP-211): one buffer, because only the frame that runs can see one. */
import { copyBytes } from "../memory/bytes.ts";
import { arenaRegion, returnDataRegion } from "../memory/layout.ts";

/** Where it is. */
export let returnData: usize = returnDataRegion;
/** Bytes. */
export let returnDataLength: usize = 0;

/** There is none: a call starts, or a creation succeeded. */
export function clearReturnData(): void {
  returnDataLength = 0;
}

/** Keeps a frame's output, which is gone as soon as the caller continues. Traps when it exceeds its region. */
export function keepReturnData(source: usize, length: usize): void {
  returnData = returnDataRegion;
  returnDataLength = length;
  if (length > arenaRegion - returnDataRegion) unreachable();
  copyBytes(returnData, source, length);
}

/** The output is already in the region, at `start`. */
export function setReturnData(start: usize, length: usize): void {
  returnData = start;
  returnDataLength = length;
}
