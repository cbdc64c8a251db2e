/** Deploys the L1 contracts and brings the first operators in: whitelist at genesis, registration, stake. */
import {
  type ContractAddresses,
  type Hex,
  hashTypedData,
  keccak256,
  type ProtocolParameters,
} from "@sequorum/protocol";
import { type Abi, encodeDeployData, encodeFunctionData, getContractAddress } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { adminAbi, adminBytecode } from "./abi/admin.ts";
import {
  developmentStakeTokenAbi,
  developmentStakeTokenBytecode,
} from "./abi/development-stake-token.ts";
import {
  ecdsaMultisigSchemeAbi,
  ecdsaMultisigSchemeBytecode,
} from "./abi/ecdsa-multisig-scheme.ts";
import { epochRegistryAbi, epochRegistryBytecode } from "./abi/epoch-registry.ts";
import { forcedQueueAbi, forcedQueueBytecode } from "./abi/forced-queue.ts";
import {
  frostSecp256k1SchemeAbi,
  frostSecp256k1SchemeBytecode,
} from "./abi/frost-secp256k1-scheme.ts";
import { rollupChainAbi, rollupChainBytecode } from "./abi/rollup-chain.ts";
import { sequencerRegistryAbi, sequencerRegistryBytecode } from "./abi/sequencer-registry.ts";
import { stakeVaultAbi, stakeVaultBytecode } from "./abi/stake-vault.ts";
import { timelockAbi, timelockBytecode } from "./abi/timelock.ts";
import {
  openDeployClient,
  openSender,
  type PreparedTransaction,
  sendAll,
} from "./deploy-transactions.ts";
import type { NetworkIdentity } from "./members.ts";

/** An operator of the genesis whitelist. */
export type OperatorDeployment = {
  /** Key of the account that owns the stake; it sends the registration and locks the stake. */
  readonly ownerPrivateKey: Hex;
  /** Sequencer key, 64 bytes x | y. */
  readonly sequencerPublicKey: Hex;
  readonly networkIdentity: NetworkIdentity;
  readonly stakeWei: bigint;
  /** Signs a digest with the sequencer key (65 bytes r|s|v): nobody can register another operator's key. */
  readonly signKeyProof: (digest: Hex) => Hex | Promise<Hex>;
};

/** What L1 needs to know of the protocol parameters. */
export type DeployedParameters = Pick<
  ProtocolParameters,
  | "batchBytesMax"
  | "challengeWindowSeconds"
  | "forcedInclusionSeconds"
  | "l1OriginDriftSecondsMax"
  | "maxTransactionBytes"
>;

/** Options of {@link deployContracts}. */
export type DeployOptions = {
  readonly rpcUrl: string;
  readonly deployerPrivateKey: Hex;
  readonly operators: readonly OperatorDeployment[];
  readonly parameters: DeployedParameters;
  readonly l2Genesis: {
    readonly chainId: bigint;
    readonly blockHash: Hex;
    readonly stateRoot: Hex;
    /** Seconds since 1970. */
    readonly timestamp: bigint;
  };
  /** The Admin: proposes to the timelock. Default: the deployer's account. */
  readonly adminAddress?: Hex;
  /** Delay of everything that Admin does; also its floor for ever. Default 1 (development). */
  readonly timelockDelaySeconds?: number;
  /** Default 20,000 and 100,000 METIS. */
  readonly stakeLimits?: { readonly minimumWei: bigint; readonly maximumWei: bigint };
  /** Ether burnt for each forced transaction. Default 0.0001. */
  readonly forcedFeeWei?: bigint;
  /** The token to stake. Default: a development token is deployed, which gives every operator its stake. */
  readonly stakeToken?: Hex;
  /** Ether that the deployer sends to accounts first, e.g. to the owners and the L1 senders. */
  readonly funding?: readonly { readonly address: Hex; readonly amountWei: bigint }[];
  readonly signal?: AbortSignal;
};

/** What {@link deployContracts} made. */
export type Deployment = {
  readonly contracts: ContractAddresses;
  readonly l1ChainId: bigint;
  /** L1 block at which all operators are members. */
  readonly genesisL1Block: bigint;
};

const METIS = 10n ** 18n;
const defaultStakeLimits = { minimumWei: 20_000n * METIS, maximumWei: 100_000n * METIS };
const defaultForcedFeeWei = 10n ** 14n;
/** Development tokens that stay with the deployer, for operators that join later. */
const DEPLOYER_TOKENS_WEI = 10_000_000n * METIS;
/** Largest forced transaction that the Admin contract allows. */
const FORCED_BYTES_MAX = 128 * 1_024;

/**
 * Deploys everything with one account and completes the operators' registration and staking. The addresses follow from the
 * deployer's nonce, so contracts that need each other are immutable and no privileged step remains. Throws DeployError.
 */
export async function deployContracts(options: DeployOptions): Promise<Deployment> {
  const signal = options.signal ?? new AbortController().signal;
  const client = await openDeployClient(options.rpcUrl);
  const deployer = await openSender(client, options.deployerPrivateKey, signal);
  const creations = contractNames(options);
  const addresses = Object.fromEntries(
    creations.map((name, i) => [
      name,
      getContractAddress({
        from: deployer.account.address,
        nonce: BigInt(deployer.nonce + i),
      }).toLowerCase() as Hex,
    ]),
  );
  const contracts = {
    ...addresses,
    ...(options.stakeToken === undefined ? {} : { stakeToken: options.stakeToken }),
  } as ContractAddresses;

  const recipe = creationRecipes(options, contracts, deployer.account.address);
  await sendAll(deployer, [
    ...creations.map((name) => recipe[name]),
    ...fundingTransactions(options),
  ]);
  const blocks = await Promise.all(
    options.operators.map(async (operator) => {
      const owner = await openSender(client, operator.ownerPrivateKey, signal);
      const domain = { l1ChainId: BigInt(client.chain.id), rollupChain: contracts.rollupChain };
      return sendAll(owner, await operatorTransactions(operator, contracts, domain));
    }),
  );
  const genesisL1Block = blocks.reduce(
    (last, block) => (block > last ? block : last),
    await client.getBlockNumber(),
  );
  return { contracts, l1ChainId: BigInt(client.chain.id), genesisL1Block };
}

/** EIP-712 digest that a sequencer key signs so that `owner` may register it. */
export function sequencerKeyProofDigest(
  domain: { readonly l1ChainId: bigint; readonly rollupChain: Hex },
  key: { readonly owner: Hex; readonly publicKey: Hex },
): Hex {
  return hashTypedData(domain, "SequencerKey(address owner,bytes32 publicKeyHash)", [
    key.owner,
    keccak256(key.publicKey),
  ]);
}

type ContractName = keyof ContractAddresses;

/** In creation order: Admin's constructor asks the schemes for their ids. */
function contractNames({ stakeToken }: DeployOptions): readonly ContractName[] {
  const names = [
    "timelock",
    "frostScheme",
    "ecdsaScheme",
    "admin",
    "sequencerRegistry",
    "stakeVault",
    "epochRegistry",
    "forcedQueue",
    "rollupChain",
  ] as const;
  return stakeToken === undefined ? [...names, "stakeToken"] : names;
}

function creationRecipes(options: DeployOptions, contracts: ContractAddresses, deployer: Hex) {
  const owners = options.operators.map(({ ownerPrivateKey }) =>
    privateKeyToAddress(ownerPrivateKey),
  );
  const stakes = options.operators.map(({ stakeWei }) => stakeWei);
  const {
    admin,
    epochRegistry,
    sequencerRegistry,
    stakeVault,
    forcedQueue,
    rollupChain,
    timelock,
  } = contracts;
  const { chainId, timestamp, blockHash, stateRoot } = options.l2Genesis;
  return {
    timelock: creation("Timelock", timelockAbi, timelockBytecode, [
      BigInt(options.timelockDelaySeconds ?? 1),
      [options.adminAddress ?? deployer],
    ]),
    frostScheme: creation(
      "FrostSecp256k1Scheme",
      frostSecp256k1SchemeAbi,
      frostSecp256k1SchemeBytecode,
      [epochRegistry],
    ),
    ecdsaScheme: creation(
      "EcdsaMultisigScheme",
      ecdsaMultisigSchemeAbi,
      ecdsaMultisigSchemeBytecode,
      [epochRegistry],
    ),
    admin: creation("Admin", adminAbi, adminBytecode, [
      timelock,
      options.stakeLimits ?? defaultStakeLimits,
      rollupParameters(options),
      [contracts.frostScheme, contracts.ecdsaScheme],
    ]),
    sequencerRegistry: creation(
      "SequencerRegistry",
      sequencerRegistryAbi,
      sequencerRegistryBytecode,
      [timelock, rollupChain, owners],
    ),
    stakeVault: creation("StakeVault", stakeVaultAbi, stakeVaultBytecode, [
      contracts.stakeToken,
      admin,
      sequencerRegistry,
    ]),
    epochRegistry: creation("EpochRegistry", epochRegistryAbi, epochRegistryBytecode, [
      rollupChain,
      admin,
      sequencerRegistry,
      stakeVault,
    ]),
    forcedQueue: creation("ForcedQueue", forcedQueueAbi, forcedQueueBytecode, [admin]),
    rollupChain: creation("RollupChain", rollupChainAbi, rollupChainBytecode, [
      admin,
      epochRegistry,
      forcedQueue,
      { l2ChainId: chainId, timestamp, blockHash, stateRoot },
    ]),
    stakeToken: creation(
      "DevelopmentStakeToken",
      developmentStakeTokenAbi,
      developmentStakeTokenBytecode,
      [
        [...owners, deployer],
        [...stakes, DEPLOYER_TOKENS_WEI],
      ],
    ),
  } satisfies Record<ContractName, PreparedTransaction>;
}

function rollupParameters({ parameters, forcedFeeWei }: DeployOptions) {
  return {
    challengeWindowSeconds: parameters.challengeWindowSeconds,
    forcedInclusionSeconds: parameters.forcedInclusionSeconds,
    forcedTransactionBytesMax: Math.min(parameters.maxTransactionBytes, FORCED_BYTES_MAX),
    batchBytesMax: parameters.batchBytesMax,
    timestampDriftSecondsMax: parameters.l1OriginDriftSecondsMax,
    forcedFeeWei: forcedFeeWei ?? defaultForcedFeeWei,
  };
}

/** Gas: calldata and code deposit by size, and room for the constructor's storage by the size of its arguments. */
function creation(
  label: string,
  abi: Abi,
  bytecode: Hex,
  args: readonly unknown[],
): PreparedTransaction {
  const data = encodeDeployData({ abi, bytecode, args });
  const argumentBytes = BigInt((data.length - bytecode.length) / 2);
  const gas = 400_000n + BigInt((data.length - 2) / 2) * 232n + (argumentBytes / 32n) * 50_000n;
  return { label: `creation of ${label}`, data, gas };
}

function fundingTransactions({ funding = [] }: DeployOptions): PreparedTransaction[] {
  return funding.map(({ address, amountWei }) => ({
    label: `funding of ${address}`,
    to: address,
    valueWei: amountWei,
    gas: 21_000n,
  }));
}

async function operatorTransactions(
  operator: OperatorDeployment,
  contracts: ContractAddresses,
  domain: { readonly l1ChainId: bigint; readonly rollupChain: Hex },
): Promise<PreparedTransaction[]> {
  const { sequencerPublicKey: publicKey, networkIdentity, stakeWei } = operator;
  const owner = privateKeyToAddress(operator.ownerPrivateKey).toLowerCase() as Hex;
  const keyProof = await operator.signKeyProof(
    sequencerKeyProofDigest(domain, { owner, publicKey }),
  );
  const register = encodeFunctionData({
    abi: sequencerRegistryAbi,
    functionName: "register",
    args: [publicKey, networkIdentity, keyProof],
  });
  const approve = encodeFunctionData({
    abi: developmentStakeTokenAbi,
    functionName: "approve",
    args: [contracts.stakeVault, stakeWei],
  });
  const lock = encodeFunctionData({ abi: stakeVaultAbi, functionName: "lock", args: [stakeWei] });
  // A registered byte costs 1/32 of a storage word, 16 of calldata, and 8 in the event.
  const registerGas = 500_000n + BigInt((register.length - 2) / 2) * 760n;
  return [
    {
      label: `registration of ${owner}`,
      to: contracts.sequencerRegistry,
      data: register,
      gas: registerGas,
    },
    { label: `approval by ${owner}`, to: contracts.stakeToken, data: approve, gas: 100_000n },
    { label: `stake of ${owner}`, to: contracts.stakeVault, data: lock, gas: 250_000n },
  ];
}
