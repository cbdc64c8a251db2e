/** Block 0: the allocation, and the EIP-4788 contract. */
import { Account, createAccount, createAddressFromString } from "@ethereumjs/util";
import type { Hex } from "@sequorum/protocol";
import { assert, zeroHash } from "@sequorum/protocol";
import { beaconRootsAddress, beaconRootsCode } from "./beacon-roots.ts";
import { fromHex, toHex } from "./bytes.ts";
import type { Common } from "./common.ts";
import { emptyTrieRoot, encodeExtraData, hashHeader } from "./header.ts";
import { liveWrites, openState } from "./state.ts";
import type { BlockHeader, ExecutedBlock, Genesis } from "./types.ts";

const zeroAddress: Hex = `0x${"0".repeat(40)}`;

/** The block and its state; depends on the genesis description only. */
export async function makeGenesis(genesis: Genesis, common: Common): Promise<ExecutedBlock> {
  const empty = { get: async () => undefined, header: async () => undefined };
  const { manager, written } = await openState(empty, emptyTrieRoot, common);
  for (const { address, balanceWei } of genesis.alloc) {
    assert(address !== beaconRootsAddress, "the allocation leaves the EIP-4788 contract alone");
    await manager.putAccount(
      createAddressFromString(address),
      createAccount({ balance: balanceWei }),
    );
  }
  const contract = createAddressFromString(beaconRootsAddress);
  await manager.putAccount(contract, new Account(1n));
  await manager.putCode(contract, fromHex(beaconRootsCode));
  const stateRoot = toHex(await manager.getStateRoot());
  const header = genesisHeader(genesis, stateRoot);
  return {
    type: "executed",
    block: { header, hash: hashHeader(header), transactions: [] },
    originNumber: 0n,
    receipts: [],
    forcedCount: 0,
    skippedPositions: [],
    writes: liveWrites(written, stateRoot),
    senders: new Map(),
  };
}

function genesisHeader(genesis: Genesis, stateRoot: Hex): BlockHeader {
  return {
    parentHash: zeroHash,
    coinbase: zeroAddress,
    stateRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: `0x${"0".repeat(512)}`,
    number: 0n,
    gasLimit: genesis.gasLimit,
    gasUsed: 0n,
    timestamp: genesis.timestamp,
    extraData: encodeExtraData(0n, 0n),
    prevRandao: zeroHash,
    baseFeePerGas: genesis.baseFeePerGasWei,
    withdrawalsRoot: emptyTrieRoot,
    originHash: zeroHash,
    term: 0n,
    queuePosition: 0n,
  };
}
