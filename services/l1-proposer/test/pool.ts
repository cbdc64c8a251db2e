// A pool on a real L1 for integration tests: contracts deployed, members staked, and everything that the pool would sign.

import { create } from "@bufbuild/protobuf";
import {
  createL1Client,
  deployContracts,
  epochRegistryAbi,
  type L1Client,
  readMembers,
  rollupChainAbi,
} from "@sequorum/l1";
import {
  type BatchSigned,
  BatchSignedSchema,
  type EpochKeySigned,
  EpochKeySignedSchema,
} from "@sequorum/proto/events";
import {
  type BatchHeader,
  batchDigest,
  bytesToHex,
  chunkRoot,
  concatBytes,
  defaultParameters,
  ecdsaSchemeId,
  encodeBatchHeader,
  epochUpdateDigest,
  type Hex,
  hexToBytes,
  keccak256,
  membersHash,
  merkleRoot,
  type NetworkConfig,
  privateKeyToPublicKey,
  publicKeyToAddress,
  quorum,
  signDigest,
  signingDomain,
  zeroHash,
} from "@sequorum/protocol";
import { createTestClient, createWalletClient, encodeFunctionData, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const deployerKey: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const competitorKey: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const METIS = 10n ** 18n;
const memberCount = 4;
const genesisHash = keccak256("0x67656e65736973");
const l2ChainId = 59_902n;

/** A signed batch and its data. */
export type SignedBatch = {
  readonly header: BatchHeader;
  readonly data: Uint8Array;
  readonly signed: BatchSigned;
};

/** The pool and its L1. */
export type Pool = {
  readonly network: NetworkConfig;
  readonly client: L1Client;
  /** Sequencer keys in the epoch's order. */
  readonly sequencerKeys: readonly Uint8Array[];
  readonly addresses: readonly Hex[];
  epoch(): EpochKeySigned;
  /** The next batch after the one given; `changed` breaks rules on purpose. */
  batch(
    parent: SignedBatch | undefined,
    changed?: Partial<BatchHeader>,
    attempt?: number,
  ): Promise<SignedBatch>;
  /** Another member posts a batch and waits for it. */
  compete(batch: SignedBatch, priorityFeeWei?: bigint): Promise<void>;
  fund(address: Hex): Promise<void>;
  rpc(method: string, params?: unknown[]): Promise<unknown>;
  headIndex(): Promise<bigint>;
};

const operatorKeys = Array.from({ length: memberCount }, (_, i) => ({
  owner: keccak256(new TextEncoder().encode(`owner ${i}`)),
  sequencer: hexToBytes(keccak256(new TextEncoder().encode(`sequencer ${i}`))),
}));

/** Deploys the contracts with a pool of four. */
export async function createPool(rpcUrl: string): Promise<Pool> {
  const parameters = {
    ...defaultParameters,
    postingFallbackMs: 500,
    challengeWindowSeconds: 1_000_000,
  };
  const deployment = await deployContracts({
    rpcUrl,
    deployerPrivateKey: deployerKey,
    parameters,
    l2Genesis: { chainId: l2ChainId, blockHash: genesisHash, stateRoot: zeroHash, timestamp: 1n },
    funding: operatorKeys.map(({ owner }) => ({
      address: privateKeyToAccount(owner).address,
      amountWei: METIS,
    })),
    operators: operatorKeys.map(({ owner, sequencer }, i) => operator(owner, sequencer, i)),
  });
  const network: NetworkConfig = {
    l1ChainId: deployment.l1ChainId,
    l2ChainId,
    contracts: deployment.contracts,
    genesisL1Block: deployment.genesisL1Block,
    genesisTimeMs: 0,
    l2Genesis: { timestamp: 1n, gasLimit: 30_000_000n, baseFeePerGasWei: 1n, alloc: [] },
    parameters,
  };
  const client = createL1Client({ rpcUrl, chainId: Number(deployment.l1ChainId) });
  const members = await readMembers(client, network, deployment.genesisL1Block);
  const addresses = members.map(({ address }) => address);
  const byAddress = new Map(operatorKeys.map(({ sequencer }) => [addressOf(sequencer), sequencer]));
  const sequencerKeys = addresses.map((address) => byAddress.get(address) ?? new Uint8Array());
  const rpc = (method: string, params: unknown[] = []): Promise<unknown> =>
    createTestClient({ mode: "anvil", transport: http(rpcUrl) }).request({
      method,
      params,
    } as never);
  return {
    network,
    client,
    sequencerKeys,
    addresses,
    rpc,
    epoch: () => signEpoch(network, addresses, sequencerKeys),
    batch: (parent, changed, attempt = 0) =>
      signBatch({ network, client, sequencerKeys, addresses }, parent, {
        changed: changed ?? {},
        attempt,
      }),
    compete: (batch, priorityFeeWei) => post({ network, client, rpcUrl }, batch, priorityFeeWei),
    fund: async (address) => void (await rpc("anvil_setBalance", [address, "0x8ac7230489e80000"])),
    headIndex: async () => {
      const address = network.contracts.rollupChain;
      return (await client.readContract({ address, abi: rollupChainAbi, functionName: "head" }))
        .index;
    },
  };
}

/** Whether the first epoch is registered. */
export async function activeEpoch({ client, network }: Pool): Promise<bigint> {
  return client.readContract({
    address: network.contracts.epochRegistry,
    abi: epochRegistryAbi,
    functionName: "activeEpoch",
  });
}

/** Address of a key. */
export function addressOf(key: Uint8Array): Hex {
  return publicKeyToAddress(privateKeyToPublicKey(key));
}

function operator(owner: Hex, sequencer: Uint8Array, i: number) {
  return {
    ownerPrivateKey: owner,
    sequencerPublicKey: privateKeyToPublicKey(sequencer),
    stakeWei: 20_000n * METIS,
    signKeyProof: (digest: Hex) => signDigest(sequencer, digest),
    networkIdentity: {
      feedEndpoint: `127.0.0.1:700${i}`,
      feedCertificate: `0x30${"ab".repeat(40)}0${i}` as Hex,
      consensusEndpoint: `127.0.0.1:710${i}`,
      consensusCertificate: `0x31${"cd".repeat(40)}0${i}` as Hex,
      mpcMultiaddr: `/ip4/127.0.0.1/tcp/720${i}/p2p/peer${i}`,
    },
  };
}

function signEpoch(
  network: NetworkConfig,
  addresses: readonly Hex[],
  keys: readonly Uint8Array[],
): EpochKeySigned {
  const threshold = quorum(addresses.length);
  const update = {
    epoch: 1n,
    schemeId: ecdsaSchemeId,
    threshold,
    membersHash: membersHash(addresses),
    groupKeyHash: keccak256("0x"),
    previousUpdateHash: zeroHash,
  };
  const digest = epochUpdateDigest(update, signingDomain(network));
  return create(EpochKeySignedSchema, {
    epoch: 1n,
    members: addresses.map((address, index) => ({ address: hexToBytes(address), index })),
    groupKey: new Uint8Array(),
    schemeId: hexToBytes(ecdsaSchemeId),
    threshold,
    digest: hexToBytes(digest),
    proof: prove(digest, keys),
    posterOrder: addresses.map(hexToBytes),
    previousUpdateHash: hexToBytes(zeroHash),
  });
}

async function signBatch(
  {
    network,
    client,
    sequencerKeys,
    addresses,
  }: Pick<Pool, "network" | "client" | "sequencerKeys" | "addresses">,
  parent: SignedBatch | undefined,
  { changed, attempt }: { changed: Partial<BatchHeader>; attempt: number },
): Promise<SignedBatch> {
  const domain = signingDomain(network);
  const last = parent?.header;
  const firstBlock = (last?.lastBlock ?? 0n) + 1n;
  const data = new Uint8Array(5_000).map((_, i) => Number((firstBlock * 31n + BigInt(i)) % 251n));
  // Below what the tests reorganise.
  const origin = await client.getBlock({ blockNumber: network.genesisL1Block });
  const header: BatchHeader = {
    version: 1,
    stfVersion: 1,
    chainId: l2ChainId,
    index: (last?.index ?? 0n) + 1n,
    parentHash: last === undefined ? zeroHash : batchDigest(last, domain),
    firstBlock,
    lastBlock: firstBlock + 9n,
    parentBlockHash: last?.lastBlockHash ?? genesisHash,
    lastBlockHash: keccak256(`0x${firstBlock.toString(16).padStart(8, "0")}`),
    postStateRoot: zeroHash,
    blockRoot: merkleRoot([genesisHash]),
    daKind: 1,
    daSize: data.length,
    daRoot: chunkRoot(data),
    queueFrom: 0n,
    queueTo: 0n,
    l1OriginNumber: origin.number,
    l1OriginHash: origin.hash,
    epoch: 1n,
    proposer: addresses[0] ?? "0x",
    timestamp: (last?.timestamp ?? 1n) + 1n,
    ...changed,
  };
  const digest = batchDigest(header, domain);
  const signed = create(BatchSignedSchema, {
    header: { abi: encodeBatchHeader(header), index: header.index, digest: hexToBytes(digest) },
    proof: prove(digest, sequencerKeys),
    posterOrder: addresses.map(hexToBytes),
    attempt,
  });
  return { header, data, signed };
}

/** bitmap | r, yParityAndS (EIP-2098) of every member. */
function prove(digest: Hex, keys: readonly Uint8Array[]): Uint8Array {
  const bitmap = hexToBytes(
    `0x${((1n << BigInt(keys.length)) - 1n).toString(16).padStart(64, "0")}`,
  );
  const compact = keys.map((key) => {
    const signature = hexToBytes(signDigest(key, digest));
    const parity = (signature[64] ?? 27) - 27;
    const s = signature.slice(32, 64);
    s[0] = (s[0] ?? 0) | (parity << 7);
    return concatBytes(signature.slice(0, 32), s);
  });
  return concatBytes(bitmap, ...compact);
}

async function post(
  { network, client, rpcUrl }: Pick<Pool, "network" | "client"> & { rpcUrl: string },
  { header, data, signed }: SignedBatch,
  priorityFeeWei = 5n * 10n ** 9n,
): Promise<void> {
  const wallet = createWalletClient({
    account: privateKeyToAccount(competitorKey),
    chain: client.chain,
    transport: http(rpcUrl),
  });
  const args = [header, bytesToHex(data), bytesToHex(signed.proof)] as const;
  const call = encodeFunctionData({ abi: rollupChainAbi, functionName: "submitBatch", args });
  const to = network.contracts.rollupChain;
  const maxPriorityFeePerGas = priorityFeeWei;
  const maxFeePerGas = 200n * 10n ** 9n;
  const hash = await wallet.sendTransaction({
    to,
    data: call,
    gas: 3_000_000n,
    maxPriorityFeePerGas,
    maxFeePerGas,
  });
  await client.waitForTransactionReceipt({ hash, pollingInterval: 50 });
}
