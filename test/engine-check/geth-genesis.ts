/** The L2 genesis in the form that `geth init` reads: Cancun and proof of stake from block 0. */
import type { L2Genesis } from "@sequorum/protocol";
import { beaconRootsAddress, beaconRootsCode, encodeExtraData } from "@sequorum/stf";

const forksByBlock = [
  "homestead",
  "eip150",
  "eip155",
  "eip158",
  "byzantium",
  "constantinople",
  "petersburg",
  "istanbul",
  "berlin",
  "london",
];

/** The JSON value; its block is the one that the executor makes of the same description. */
export function gethGenesis(genesis: L2Genesis, chainId: bigint): object {
  const balances = genesis.alloc.map(({ address, balanceWei }) => [
    address,
    { balance: quantity(balanceWei) },
  ]);
  return {
    config: {
      chainId: Number(chainId),
      ...Object.fromEntries(forksByBlock.map((fork) => [`${fork}Block`, 0])),
      shanghaiTime: 0,
      cancunTime: 0,
      terminalTotalDifficulty: 0,
      terminalTotalDifficultyPassed: true,
      // EIP-7840; no L2 block has blobs, but a client wants to know.
      blobSchedule: { cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 } },
    },
    timestamp: quantity(genesis.timestamp),
    gasLimit: quantity(genesis.gasLimit),
    baseFeePerGas: quantity(genesis.baseFeePerGasWei),
    extraData: encodeExtraData(0n, 0n),
    difficulty: "0x0",
    alloc: {
      ...Object.fromEntries(balances),
      [beaconRootsAddress]: { balance: "0x0", nonce: "0x1", code: beaconRootsCode },
    },
  };
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
