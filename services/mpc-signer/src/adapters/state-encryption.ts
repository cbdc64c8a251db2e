/** A ceremony's state as stored: JSON under AES-256-GCM with a key that only its seed file yields. */
import { gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, type Hex, hexToBytes } from "@sequorum/protocol";
import { FatalError } from "@sequorum/service";
import type { DkgState } from "../core/dkg/state.ts";

const nonceBytes = 12;
const bigintTag = "bigint:";

/** Encrypts; `nonce` is 12 fresh random bytes. */
export function sealState(state: DkgState, seed: Uint8Array, nonce: Uint8Array): Uint8Array {
  const text = JSON.stringify(state, (_, value) =>
    typeof value === "bigint" ? `${bigintTag}${value}` : value,
  );
  const sealed = gcm(keyOf(seed), nonce, hexToBytes(state.ceremonyId)).encrypt(
    new TextEncoder().encode(text),
  );
  return concatBytes(nonce, sealed);
}

/** Decrypts; throws FatalError when the row does not belong to the seed. */
export function openState(
  sealed: Uint8Array,
  { seed, ceremonyId }: { seed: Uint8Array; ceremonyId: Hex },
): DkgState {
  try {
    const cipher = gcm(keyOf(seed), sealed.subarray(0, nonceBytes), hexToBytes(ceremonyId));
    const text = new TextDecoder().decode(cipher.decrypt(sealed.subarray(nonceBytes)));
    return JSON.parse(text, (_, value) =>
      typeof value === "string" && value.startsWith(bigintTag)
        ? BigInt(value.slice(bigintTag.length))
        : value,
    ) as DkgState;
  } catch (error) {
    throw new FatalError(`stored ceremony ${ceremonyId} does not open with its seed`, {
      cause: error,
    });
  }
}

function keyOf(seed: Uint8Array): Uint8Array {
  return hkdf(sha256, seed, undefined, new TextEncoder().encode("sequorum/ceremony-state/v1"), 32);
}
