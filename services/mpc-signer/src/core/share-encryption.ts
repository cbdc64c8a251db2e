/**
 * Encryption of a dealt share to the receiver's registered sequencer key: ECIES with secp256k1 ECDH, HKDF-SHA256 and
 * AES-256-GCM. The ceremony, the dealer and the receiver are authenticated: a ciphertext cannot be moved.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { assert, bytesToHex, concatBytes, type Hex, hexToBytes, isHex } from "@sequorum/protocol";

const ephemeralBytes = 33;
const shareBytes = 32;
const tagBytes = 16;
/** Size of every encrypted share: ephemeral key, share, tag. */
export const encryptedShareBytes = ephemeralBytes + shareBytes + tagBytes;
const keyBytes = 32;
const nonceBytes = 12;

/** Who sends what to whom: the associated data. */
export type ShareRoute = { readonly context: Hex; readonly dealer: Hex; readonly receiver: Hex };

/**
 * Encrypts `share` (32 bytes) to `receiverPublicKey` (64 bytes x|y). `ephemeralSecret` is a secret scalar that must
 * not be used for another share or route; the GCM key is fresh with it, so the nonce may be derived too.
 */
export function encryptShare(
  share: Uint8Array,
  {
    route,
    receiverPublicKey,
    ephemeralSecret,
  }: { route: ShareRoute; receiverPublicKey: Hex; ephemeralSecret: Uint8Array },
): Hex {
  assert(share.length === shareBytes, "a share is one scalar");
  assert(isHex(receiverPublicKey, 64), "a registered key is x and y");
  const ephemeral = secp256k1.getPublicKey(ephemeralSecret, true);
  const point = concatBytes(Uint8Array.of(4), hexToBytes(receiverPublicKey));
  const shared = secp256k1.getSharedSecret(ephemeralSecret, point, true);
  const { key, nonce } = deriveKey(shared, { ephemeral, receiverPublicKey, route });
  const sealed = gcm(key, nonce, associatedData(route)).encrypt(share);
  return bytesToHex(concatBytes(ephemeral, sealed));
}

/** The share, or undefined when the ciphertext is malformed, for another route or not authentic. */
export function decryptShare(
  encrypted: Hex,
  { route, receiverPrivateKey }: { route: ShareRoute; receiverPrivateKey: Uint8Array },
): Uint8Array | undefined {
  if (!isHex(encrypted, encryptedShareBytes)) return undefined;
  const bytes = hexToBytes(encrypted);
  const ephemeral = bytes.subarray(0, ephemeralBytes);
  const receiverPublicKey = bytesToHex(
    secp256k1.getPublicKey(receiverPrivateKey, false).subarray(1),
  );
  try {
    const shared = secp256k1.getSharedSecret(receiverPrivateKey, ephemeral, true);
    const { key, nonce } = deriveKey(shared, { ephemeral, receiverPublicKey, route });
    return gcm(key, nonce, associatedData(route)).decrypt(bytes.subarray(ephemeralBytes));
  } catch {
    return undefined; // not a point, or the tag does not match: peer input
  }
}

function deriveKey(
  shared: Uint8Array,
  bound: { ephemeral: Uint8Array; receiverPublicKey: Hex; route: ShareRoute },
): { key: Uint8Array; nonce: Uint8Array } {
  const salt = new TextEncoder().encode("sequorum/dkg-share/v1");
  const info = concatBytes(
    bound.ephemeral,
    hexToBytes(bound.receiverPublicKey),
    hexToBytes(bound.route.context),
  );
  const okm = hkdf(sha256, shared, salt, info, keyBytes + nonceBytes);
  return { key: okm.subarray(0, keyBytes), nonce: okm.subarray(keyBytes) };
}

function associatedData({ context, dealer, receiver }: ShareRoute): Uint8Array {
  assert(isHex(context, 32) && isHex(dealer, 20) && isHex(receiver, 20), "a route is fixed-size");
  return concatBytes(hexToBytes(context), hexToBytes(dealer), hexToBytes(receiver));
}
