/** Precompile 1: the address whose key signed (Yellow Paper, appendix E.1), by libsecp256k1's native binding. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import secp256k1 from "secp256k1";
import { padded } from "./bytes.ts";

/** Hash, v, r, s. */
export const recoveryBytes = 128;
const nothing = new Uint8Array(0);

/** The address as a 32-byte word; empty when no key recovers. A high s is as good as a low one here. */
export function ecrecover(input: Uint8Array): Uint8Array {
  const question = padded(input, 0, recoveryBytes);
  const v = question[63] ?? 0;
  if (v !== 27 && v !== 28) return nothing;
  for (let i = 32; i < 63; i++) if (question[i] !== 0) return nothing;
  try {
    const signature = question.subarray(64, recoveryBytes);
    const key = secp256k1.ecdsaRecover(signature, v - 27, question.subarray(0, 32), false);
    const address = keccak_256(key.subarray(1));
    return address.fill(0, 0, 12);
  } catch {
    return nothing; // r or s is zero or not below the group order, or no point has this x
  }
}
