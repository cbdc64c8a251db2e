/** The network of a development pool: L2 genesis, contracts, operators' registrations; made once, then read. */
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { deployContracts, type OperatorDeployment } from "@sequorum/l1";
import {
  bytesToHex,
  defaultParameters,
  formatNetworkConfig,
  type L2Genesis,
  type NetworkConfig,
  type ProtocolParameters,
  signDigest,
} from "@sequorum/protocol";
import { readNetworkFile } from "@sequorum/service";
import { createExecutor, createMemoryStateStore } from "@sequorum/stf";
import { developmentAccounts } from "./development-accounts.ts";
import type { OperatorKeys } from "./operator-keys.ts";
import { operatorPorts } from "./ports.ts";

/** Chain id of the development L2. */
export const l2ChainId = 2_026n;

/** What a network is made from. */
export type CreateNetworkOptions = {
  readonly networkFile: string;
  readonly l1Url: string;
  readonly portBase: number;
  readonly operators: readonly OperatorKeys[];
  readonly parameters?: Partial<ProtocolParameters>;
};

const ether = 10n ** 18n;
const stakeWei = 20_000n * ether;
/** Ether for the L1 transactions of each operator. */
const senderFundsWei = 100n * ether;
const l2BalanceWei = 10_000n * ether;

/** A week-long window would let nothing become final while somebody watches. */
const developmentParameters: ProtocolParameters = {
  ...defaultParameters,
  batchAgeMsMax: 5_000,
  challengeWindowSeconds: 60,
  forcedInclusionSeconds: 120,
};

/** Reads the network description, or deploys the contracts and writes it. */
export async function openNetwork(options: CreateNetworkOptions): Promise<NetworkConfig> {
  if (!existsSync(options.networkFile)) await createNetwork(options);
  return readNetworkFile(options.networkFile);
}

async function createNetwork(options: CreateNetworkOptions): Promise<void> {
  const parameters = { ...developmentParameters, ...options.parameters };
  const genesisTimeMs = Date.now();
  const l2Genesis: L2Genesis = {
    timestamp: BigInt(Math.floor(genesisTimeMs / 1_000)),
    gasLimit: 30_000_000n,
    baseFeePerGasWei: 1_000_000_000n,
    alloc: developmentAccounts.map(({ address }) => ({ address, balanceWei: l2BalanceWei })),
  };
  const executor = createExecutor({ store: createMemoryStateStore(), chainId: l2ChainId });
  const { block } = executor.genesisBlock(l2Genesis);
  const deployment = await deployContracts({
    rpcUrl: options.l1Url,
    deployerPrivateKey: developmentAccounts[0].privateKey,
    operators: options.operators.map((keys, index) =>
      operatorDeployment(keys, operatorPorts(options.portBase, index)),
    ),
    parameters,
    l2Genesis: {
      chainId: l2ChainId,
      blockHash: block.hash,
      stateRoot: block.header.stateRoot,
      timestamp: l2Genesis.timestamp,
    },
    funding: options.operators.map(({ l1Sender }) => ({
      address: l1Sender,
      amountWei: senderFundsWei,
    })),
  });
  const network: NetworkConfig = { ...deployment, l2ChainId, genesisTimeMs, l2Genesis, parameters };
  const temporary = `${options.networkFile}.new`;
  await writeFile(temporary, formatNetworkConfig(network), { flush: true });
  await rename(temporary, options.networkFile);
}

function operatorDeployment(
  keys: OperatorKeys,
  ports: ReturnType<typeof operatorPorts>,
): OperatorDeployment {
  return {
    ownerPrivateKey: bytesToHex(keys.l1SenderKey),
    sequencerPublicKey: keys.sequencerPublicKey,
    stakeWei,
    signKeyProof: (digest) => signDigest(keys.sequencerKey, digest),
    networkIdentity: {
      feedEndpoint: `127.0.0.1:${ports.ordererFeed}`,
      feedCertificate: keys.feedCertificate,
      consensusEndpoint: `127.0.0.1:${ports.posConsensusChannel}`,
      consensusCertificate: keys.consensusCertificate,
      mpcMultiaddr: `/ip4/127.0.0.1/tcp/${ports.mpcSignerP2p}/p2p/${keys.mpcPeerId}`,
    },
  };
}
