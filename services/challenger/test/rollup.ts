/** A rollup on a real anvil for tests: contracts, a pool that signs what a test tells it to, and L2 blocks from packages/stf. */
import { deployContracts, epochRegistryAbi, forcedQueueAbi, rollupChainAbi } from "@sequorum/l1";
import type { BatchBlock, BatchHeader, Hex, NetworkConfig } from "@sequorum/protocol";
import {
  batchDigest,
  batchHeaderVersion,
  chunkRoot,
  currentStfVersion,
  daKindCalldata,
  defaultParameters,
  encodeBatch,
  epochUpdateDigest,
  frostSchemeId,
  hexToBytes,
  keccak256,
  membersHash,
  merkleRoot,
  privateKeyToPublicKey,
  quorum,
  signDigest,
  signingDomain,
  zeroHash,
} from "@sequorum/protocol";
import {
  createExecutor,
  createMemoryStateStore,
  type ExecutedBlock,
  type ForcedEntry,
} from "@sequorum/stf";
import { startAnvil } from "@sequorum/testkit/servers";
import { type Abi, createPublicClient, createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { groupKey, memberKeys, memberStakeWei, members, prove } from "./pool-keys.ts";

/** Anvil's first development accounts. */
const l1Keys: readonly Hex[] = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
  "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
];
const deployer = privateKeyToAccount(l1Keys[0] ?? "0x");
const l2ChainId = 777n;
/** An L2 account with money. */
export const l2User = privateKeyToAccount(`0x${"42".repeat(32)}`);
const l2Genesis = {
  timestamp: 1_700_000_000n,
  gasLimit: 30_000_000n,
  baseFeePerGasWei: 1_000_000_000n,
  alloc: [{ address: l2User.address.toLowerCase() as Hex, balanceWei: 10n ** 21n }],
};
const parameters = { ...defaultParameters, l1ConfirmationDepth: 1, challengeWindowSeconds: 3_600 };

export type BatchChange = {
  readonly header?: Partial<BatchHeader>;
  readonly data?: (right: Uint8Array) => Uint8Array;
};
export type Posted = {
  readonly header: BatchHeader;
  readonly l1TxHash: Hex;
  readonly blocks: readonly ExecutedBlock[];
};
export type TestRollup = Awaited<ReturnType<typeof startRollup>>;

/** Deploys everything and registers the pool's first epoch. */
export async function startRollup() {
  const anvil = await startAnvil();
  const store = createMemoryStateStore();
  const executor = createExecutor({ store, chainId: l2ChainId });
  const genesis = executor.genesisBlock(l2Genesis);
  store.commit(genesis);
  const { hash, header } = genesis.block;
  const deployed = await deployContracts({
    rpcUrl: anvil.url,
    deployerPrivateKey: l1Keys[0] ?? "0x",
    operators: memberKeys.map((key, i) => operatorOf(key, i)),
    parameters,
    l2Genesis: {
      chainId: l2ChainId,
      blockHash: hash,
      stateRoot: header.stateRoot,
      timestamp: header.timestamp,
    },
  });
  const network: NetworkConfig = {
    ...deployed,
    l2ChainId,
    genesisTimeMs: 1_700_000_000_000,
    l2Genesis,
    parameters,
  };
  const domain = signingDomain(network);
  const chain = defineChain({
    id: Number(network.l1ChainId),
    name: "l1",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [anvil.url] } },
  });
  const client = createPublicClient({
    chain,
    transport: http(anvil.url),
    cacheTime: 0,
    pollingInterval: 50,
  });
  const wallet = createWalletClient({ chain, transport: http(anvil.url), account: deployer });
  const rpc = (method: string, params: readonly unknown[]) =>
    client.request({ method, params } as unknown as Parameters<typeof client.request>[0]);

  async function send(
    address: Hex,
    abi: Abi,
    functionName: string,
    options: { args: readonly unknown[]; value?: bigint },
  ) {
    const l1TxHash = await wallet.writeContract({
      address,
      abi,
      functionName,
      gas: 8_000_000n,
      ...options,
    });
    const receipt = await client.waitForTransactionReceipt({ hash: l1TxHash });
    if (receipt.status !== "success") {
      await client.simulateContract({ address, abi, functionName, account: deployer, ...options });
      throw new Error(`${functionName} failed`);
    }
    return { l1TxHash, receipt };
  }
  const mine = (count: number) => rpc("anvil_mine", [`0x${count.toString(16)}`]);

  const update = {
    epoch: 1n,
    schemeId: frostSchemeId,
    threshold: quorum(members.length),
    membersHash: membersHash(members.map(({ address }) => address)),
    groupKeyHash: keccak256(groupKey),
    previousUpdateHash: zeroHash,
  };
  const proof = prove(epochUpdateDigest(update, domain));
  await send(network.contracts.epochRegistry, epochRegistryAbi as Abi, "registerFirstEpoch", {
    args: [update, members.map(({ address }) => address), groupKey, proof],
  });

  let last: { executed: ExecutedBlock; header?: BatchHeader } = { executed: genesis };
  const entries: ForcedEntry[] = [];

  /** Executes one block on `parent` with the newest origin that a batch may name. */
  async function makeBlock(
    parent: ExecutedBlock,
    transactions: readonly Uint8Array[],
  ): Promise<[BatchBlock, ExecutedBlock]> {
    const origin = await client.getBlock({ blockNumber: (await client.getBlockNumber()) - 1n });
    const [before, after] = [parent.block.header.timestamp + 1n, origin.timestamp];
    const timestamp = before > after ? before : after;
    const { queuePosition } = parent.block.header;
    const block: BatchBlock = {
      timestamp,
      l1OriginNumber: origin.number,
      term: 1n,
      coinbase: members[0]?.address ?? "0x",
      transactions,
    };
    const result = executor.applyBatchBlock(
      { header: parent.block.header, hash: parent.block.hash, originNumber: parent.originNumber },
      {
        ...block,
        originNumber: origin.number,
        originHash: origin.hash,
        originTime: origin.timestamp,
        forcedEntries: entries.filter(
          (e) => e.position >= queuePosition && e.l1BlockNumber <= origin.number,
        ),
      },
    );
    if (result.type === "notIncludable")
      throw new Error(`block is not includable: ${result.reason}`);
    store.commit(result);
    return [block, result];
  }

  /** Posts a batch of blocks with these transactions, signed by the whole pool whatever `change` makes of it. */
  async function postBatch(
    blockTransactions: readonly (readonly Uint8Array[])[],
    change: BatchChange = {},
  ): Promise<Posted> {
    const blocks: BatchBlock[] = [];
    const executed: ExecutedBlock[] = [];
    for (const transactions of blockTransactions) {
      const [block, result] = await makeBlock(executed.at(-1) ?? last.executed, transactions);
      blocks.push(block);
      executed.push(result);
    }
    const tail = executed.at(-1);
    if (tail === undefined) throw new Error("a batch has blocks");
    const data = (change.data ?? ((right) => right))(encodeBatch(blocks));
    const parent = last;
    const header: BatchHeader = {
      ...{ version: batchHeaderVersion, stfVersion: currentStfVersion, chainId: l2ChainId },
      ...{
        index: (parent.header?.index ?? 0n) + 1n,
        parentHash: parent.header === undefined ? zeroHash : batchDigest(parent.header, domain),
      },
      ...{
        firstBlock: parent.executed.block.header.number + 1n,
        lastBlock: tail.block.header.number,
      },
      ...{
        parentBlockHash: parent.header?.lastBlockHash ?? parent.executed.block.hash,
        lastBlockHash: tail.block.hash,
      },
      ...{
        postStateRoot: tail.block.header.stateRoot,
        blockRoot: merkleRoot(executed.map(({ block }) => block.hash)),
      },
      ...{ daKind: daKindCalldata, daSize: data.length, daRoot: chunkRoot(data) },
      ...{
        queueFrom: parent.executed.block.header.queuePosition,
        queueTo: tail.block.header.queuePosition,
      },
      ...{
        l1OriginNumber: tail.originNumber,
        l1OriginHash: tail.block.header.originHash,
        epoch: 1n,
      },
      ...{ proposer: members[0]?.address ?? "0x", timestamp: tail.block.header.timestamp },
      ...change.header,
    };
    const args = [
      header,
      `0x${Buffer.from(data).toString("hex")}`,
      prove(batchDigest(header, domain), [0, 2]),
    ];
    const { l1TxHash } = await send(
      network.contracts.rollupChain,
      rollupChainAbi as Abi,
      "submitBatch",
      { args },
    );
    last = { executed: tail, header };
    return { header, l1TxHash, blocks: executed };
  }

  /** Puts a raw transaction into the forced queue. */
  async function enqueue(raw: Hex): Promise<void> {
    const options = { args: [raw], value: 10n ** 14n };
    const { receipt } = await send(
      network.contracts.forcedQueue,
      forcedQueueAbi as Abi,
      "enqueue",
      options,
    );
    const transaction = hexToBytes(raw);
    entries.push({
      position: BigInt(entries.length),
      l1BlockNumber: receipt.blockNumber,
      transaction,
    });
  }

  /** Remembers the head of the L2 chain; the returned function goes back to it (after an L1 reorganisation). */
  function checkpoint(): () => void {
    const saved = last;
    return () => {
      last = saved;
    };
  }
  return {
    anvil,
    url: anvil.url,
    network,
    client,
    rpc,
    mine,
    postBatch,
    enqueue,
    checkpoint,
    stop: anvil.stop,
  };
}

let nonce = 0;

/** A signed L2 transfer of the funded account. */
export async function transfer(to: Hex, valueWei: bigint): Promise<Hex> {
  const fees = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n };
  const base = {
    type: "eip1559",
    chainId: Number(l2ChainId),
    nonce,
    gas: 21_000n,
    to,
    value: valueWei,
  } as const;
  nonce += 1;
  return l2User.signTransaction({ ...base, ...fees });
}

function operatorOf(key: Uint8Array, index: number) {
  const networkIdentity = {
    feedEndpoint: `127.0.0.1:${7_000 + index}`,
    feedCertificate: `0x30${"ab".repeat(400)}0${index}`,
    consensusEndpoint: `127.0.0.1:${8_000 + index}`,
    consensusCertificate: `0x31${"cd".repeat(400)}0${index}`,
    mpcMultiaddr: `/ip4/127.0.0.1/tcp/720${index}/p2p/peer${index}`,
  } as const;
  return {
    ownerPrivateKey: l1Keys[index + 1] ?? "0x",
    sequencerPublicKey: privateKeyToPublicKey(key),
    networkIdentity,
    stakeWei: memberStakeWei,
    signKeyProof: (digest: Hex) => signDigest(key, digest),
  };
}
