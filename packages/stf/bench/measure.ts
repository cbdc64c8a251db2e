/** What the benchmarks share: times, medians, JSON-RPC. */
import { type Hex, hexToBytes, keccak256, rlpEncode, rlpUint } from "@sequorum/protocol";

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Time that a function takes. */
export function milliseconds(run: () => void): number {
  const startedAt = performance.now();
  run();
  return performance.now() - startedAt;
}

/** One JSON-RPC call. */
export async function rpc(
  url: string,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as {
    result?: unknown;
    error?: { message: string };
  };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}

/** Address of an uncompressed public key. */
export function addressOf(publicKey: Uint8Array): Hex {
  return `0x${keccak256(publicKey.subarray(1)).slice(-40)}`;
}

/** Address of the first contract of an account. */
export function createdBy(address: Hex): Hex {
  return `0x${keccak256(rlpEncode([hexToBytes(address), rlpUint(0n)])).slice(-40)}`;
}
