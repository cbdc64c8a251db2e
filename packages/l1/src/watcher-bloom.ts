// Membership of an address in a header's logs bloom (Yellow Paper 4.4.1: three 11-bit positions of keccak256).

import { hexToBytes, keccak256 } from "@sequorum/protocol";
import type { Hex } from "viem";

/** False only if no log of the block was emitted by the address. */
export function bloomMayContain(logsBloom: Hex, address: Hex): boolean {
  const bloom = hexToBytes(logsBloom);
  const digest = hexToBytes(keccak256(hexToBytes(address)));
  for (const offset of [0, 2, 4]) {
    const bit = (((digest[offset] ?? 0) << 8) | (digest[offset + 1] ?? 0)) & 2047;
    const byte = bloom[bloom.length - 1 - (bit >> 3)] ?? 0;
    if ((byte & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}
