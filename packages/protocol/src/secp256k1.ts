/**
 * ECDSA over secp256k1 as Ethereum uses it: 65-byte r || s || v signatures, low s only (EIP-2).
 * libsecp256k1 through its native binding: every vote and transaction passes here, and it is twenty times the
 * speed of JavaScript. Deterministic and free of effects, so a pure core may call it.
 */
import secp256k1 from "secp256k1";
import { bytesToHex, concatBytes, type Hex, hexToBytes, isHex, keccak256 } from "./bytes.ts";

const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** Signs a 32-byte digest; `privateKey` is 32 bytes. Deterministic (RFC 6979). Returns r || s || v, v = 27 or 28. */
export function signDigest(privateKey: Uint8Array, digest: Hex): Hex {
  const { signature, recid } = secp256k1.ecdsaSign(hexToBytes(digest), privateKey);
  return bytesToHex(concatBytes(signature, Uint8Array.of(27 + recid)));
}

/** The signer's address, or undefined when the signature is malformed, has a high s or recovers no key. */
export function recoverAddress(digest: Hex, signature: Hex): Hex | undefined {
  if (!isHex(digest, 32) || !isHex(signature, 65)) return undefined;
  const bytes = hexToBytes(signature);
  const v = bytes[64];
  if (v !== 27 && v !== 28) return undefined;
  if (BigInt(`0x${signature.slice(66, 130)}`) > halfOrder) return undefined;
  try {
    const key = secp256k1.ecdsaRecover(bytes.subarray(0, 64), v - 27, hexToBytes(digest), false);
    return publicKeyToAddress(bytesToHex(key.subarray(1)));
  } catch {
    return undefined; // r or s out of range, or no such point
  }
}

/** The 64-byte public key x || y of a private key. */
export function privateKeyToPublicKey(privateKey: Uint8Array): Hex {
  return bytesToHex(secp256k1.publicKeyCreate(privateKey, false).subarray(1));
}

/** The address of a 64-byte public key x || y. */
export function publicKeyToAddress(publicKey: Hex): Hex {
  return `0x${keccak256(publicKey).slice(26)}`;
}
