/** The chain rules for ethereumjs: Cancun from genesis, native recovery of public keys. */
import { type Common, createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { setLengthLeft } from "@ethereumjs/util";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes } from "@sequorum/protocol";
import secp256k1 from "secp256k1";
import { kzg } from "./kzg.ts";

/** Chain rules of a chain with this id. */
export function oracleCommon(chainId: bigint): Common {
  return createCustomCommon({ chainId: Number(chainId), name: "sequorum-l2" }, Mainnet, {
    hardfork: Hardfork.Cancun,
    customCrypto: {
      keccak256: keccak_256,
      ecrecover: (digest, v, r, s, chain) =>
        secp256k1
          .ecdsaRecover(
            concatBytes(setLengthLeft(r, 32), setLengthLeft(s, 32)),
            recoveryId(v, chain),
            digest,
            false,
          )
          .subarray(1),
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
