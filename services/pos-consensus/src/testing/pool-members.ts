/** Members with known keys, and a network, for tests of the pool. */
import {
  bigintToBytes,
  defaultParameters,
  type Hex,
  type PoolMember,
  type ProtocolParameters,
  privateKeyToPublicKey,
  publicKeyToAddress,
} from "@sequorum/protocol";
import type { PoolGenesis } from "../core/pool/genesis.ts";

/** A member and its sequencer key. */
export type TestMember = PoolMember & { readonly privateKey: Uint8Array };

/** Time at which test chains start. */
export const testGenesisTimeMs = 1_700_000_000_000;

/** `stakes.length` members with the given stakes in whole tokens. */
export function createMembers(stakes: readonly number[]): TestMember[] {
  return stakes.map((stake, index) => {
    const privateKey = bigintToBytes(BigInt(0x1000 + index), 32);
    const publicKey = privateKeyToPublicKey(privateKey);
    return {
      index,
      address: publicKeyToAddress(publicKey),
      publicKey,
      stakeWei: BigInt(stake) * 10n ** 18n,
      privateKey,
    };
  });
}

/** A genesis with these members. */
export function createGenesis(
  members: readonly TestMember[],
  parameters: Partial<ProtocolParameters> = {},
): PoolGenesis {
  const rollupChain: Hex = `0x${"12".repeat(20)}`;
  return {
    network: {
      domain: { l1ChainId: 31_337n, rollupChain },
      l2ChainId: 59_001n,
      parameters: { ...defaultParameters, ...parameters },
    },
    members: members.map(({ privateKey: _, ...member }) => member),
    timeMs: testGenesisTimeMs,
  };
}
