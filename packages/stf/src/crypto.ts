/** Native cryptography for execution. libsecp256k1 recovers twenty times faster than JavaScript. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import secp256k1 from "secp256k1";
import type { Crypto } from "./types.ts";

/** Recovery by libsecp256k1's native binding. */
export const nativeCrypto: Crypto = {
  keccak256: (data) => keccak_256(data),
  recoverPublicKey: (digest, signature, recoveryId) =>
    secp256k1.ecdsaRecover(signature, recoveryId, digest, false).subarray(1),
};
