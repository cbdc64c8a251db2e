/** Block 0: the allocation, and the EIP-4788 contract. */
import { assert, type Hex, zeroHash } from "@sequorum/protocol";
import { outputStateRoot } from "../assembly/interface.ts";
import { beaconRootsAddress, beaconRootsCode } from "./beacon-roots.ts";
import { encodeHeader } from "./block-codec.ts";
import { fromHex, toHex } from "./bytes.ts";
import { ContentTable } from "./content-table.ts";
import { emptyTrieRoot, encodeExtraData, hashHeader } from "./header.ts";
import type { ModuleHost } from "./module.ts";
import { genesisTask } from "./tasks.ts";
import type { BlockHeader, ExecutedBlock, Genesis } from "./types.ts";

const zeroAddress: Hex = `0x${"0".repeat(40)}`;

/** The block and its state; depends on the genesis description only. */
export function makeGenesis(host: ModuleHost, genesis: Genesis): ExecutedBlock {
  const allocated = genesis.alloc.map(({ address, balanceWei }) => {
    assert(address !== beaconRootsAddress, "the allocation leaves the EIP-4788 contract alone");
    return { address, balanceWei, nonce: 0n, code: new Uint8Array(0) };
  });
  const code = fromHex(beaconRootsCode);
  const contract = { address: beaconRootsAddress, balanceWei: 0n, nonce: 1n, code };
  host.run("genesis", { task: genesisTask([...allocated, contract]) });
  const [stateRoot] = host.outputs.of(outputStateRoot);
  assert(stateRoot !== undefined, "genesis has a state root");
  const header = genesisHeader(genesis, toHex(stateRoot));
  const hash = hashHeader(header);
  const content = ContentTable.of(host.outputs.packedContent());
  content.add(fromHex(hash), encodeHeader(header));
  return {
    type: "executed",
    block: { header, hash, transactions: [] },
    originNumber: 0n,
    receipts: [],
    forcedCount: 0,
    skippedPositions: [],
    writes: content.copy(),
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
