/** The chain rules for ethereumjs: Cancun from genesis, native cryptography. */
import { type Common, createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { setLengthLeft } from "@ethereumjs/util";
import { concatBytes } from "@sequorum/protocol";
import { kzg } from "./kzg.ts";
import type { Crypto } from "./types.ts";

/** Chain rules of an L2. */
export function l2Common(chainId: bigint, crypto: Crypto): Common {
  return createCustomCommon({ chainId: Number(chainId), name: "sequorum-l2" }, Mainnet, {
    hardfork: Hardfork.Cancun,
    customCrypto: {
      keccak256: (data) => crypto.keccak256(data),
      ecrecover: (digest, v, r, s, chain) =>
        crypto.recoverPublicKey(
          digest,
          concatBytes(setLengthLeft(r, 32), setLengthLeft(s, 32)),
          recoveryId(v, chain),
        ),
      kzg,
    },
  });
}

export type { Common };

/** Recovery id 0 or 1 from v in any of its three forms (yParity, 27/28, EIP-155). */
function recoveryId(v: bigint, chainId: bigint | undefined): number {
  const id = v === 0n || v === 1n ? v : chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
  if (id !== 0n && id !== 1n) throw new RangeError("invalid signature v");
  return Number(id);
}
