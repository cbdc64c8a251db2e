/** The pool's members as L1 has them at one block (ARCHITECTURE 7). */
import type { Hex, NetworkConfig } from "@sequorum/protocol";
import { getAddress, type PublicClient } from "viem";
import { adminAbi } from "./abi/admin.ts";
import { sequencerRegistryAbi } from "./abi/sequencer-registry.ts";
import { stakeVaultAbi } from "./abi/stake-vault.ts";

/** How other operators reach and recognise an operator. */
export type NetworkIdentity = {
  /** host:port of the block feed. */
  readonly feedEndpoint: string;
  /** DER X.509 certificate of the block feed. */
  readonly feedCertificate: Hex;
  /** host:port of the consensus channel. */
  readonly consensusEndpoint: string;
  /** DER X.509 certificate of the consensus channel. */
  readonly consensusCertificate: Hex;
  /** libp2p address of the MPC channel, ending in /p2p/<peer id>. */
  readonly mpcMultiaddr: string;
};

/** An operator that may be in the pool: whitelisted, registered, stake of at least the minimum. */
export type Member = {
  /** Address of the sequencer key, lower case: the member's name everywhere. */
  readonly address: Hex;
  /** The sequencer key, 64 bytes x | y. */
  readonly publicKey: Hex;
  readonly stakeWei: bigint;
  /** L1 account that owns the stake, lower case. */
  readonly owner: Hex;
  readonly networkIdentity: NetworkIdentity;
};

/** Operators read with one call; a page of the largest identities stays well below a node's response limit. */
const PAGE_SIZE = 64n;
/** Operators ever whitelisted that are looked at; above it the registry needs another reader. */
const OPERATORS_MAX = 4_096n;

type Contracts = Pick<NetworkConfig["contracts"], "sequencerRegistry" | "stakeVault" | "admin">;

/** Reads the eligible members at an L1 block, in whitelist order, which is the same for every reader and never changes. */
export async function readMembers(
  client: PublicClient,
  network: { readonly contracts: Contracts },
  blockNumber: bigint,
): Promise<Member[]> {
  const { contracts } = network;
  const [operators, limits] = await Promise.all([
    readOperators(client, contracts.sequencerRegistry, blockNumber),
    client.readContract({
      address: getAddress(contracts.admin),
      abi: adminAbi,
      functionName: "stakeLimits",
      blockNumber,
    }),
  ]);
  const candidates = operators.filter(
    ({ isWhitelisted, publicKey }) => isWhitelisted && publicKey !== "0x",
  );
  const stakes = await client.readContract({
    address: getAddress(contracts.stakeVault),
    abi: stakeVaultAbi,
    functionName: "stakesOf",
    args: [candidates.map(({ owner }) => owner)],
    blockNumber,
  });
  return candidates
    .map((operator, i) => toMember(operator, stakes[i] ?? 0n))
    .filter(({ stakeWei }) => stakeWei >= limits.minimumWei);
}

async function readOperators(client: PublicClient, registry: Hex, blockNumber: bigint) {
  const contract = {
    address: getAddress(registry),
    abi: sequencerRegistryAbi,
    blockNumber,
  } as const;
  const count = await client.readContract({ ...contract, functionName: "operatorCount" });
  if (count > OPERATORS_MAX)
    throw new RangeError(
      `the registry has ${count} operators, at most ${OPERATORS_MAX} are supported`,
    );
  const pages = Array.from({ length: Number((count + PAGE_SIZE - 1n) / PAGE_SIZE) }, (_, page) =>
    client.readContract({
      ...contract,
      functionName: "operators",
      args: [BigInt(page) * PAGE_SIZE, PAGE_SIZE],
    }),
  );
  return (await Promise.all(pages)).flat();
}

type OperatorView = Awaited<ReturnType<typeof readOperators>>[number];

function toMember(operator: OperatorView, stakeWei: bigint): Member {
  return {
    address: lowerCase(operator.sequencer),
    publicKey: lowerCase(operator.publicKey),
    stakeWei,
    owner: lowerCase(operator.owner),
    networkIdentity: {
      feedEndpoint: operator.identity.feedEndpoint,
      feedCertificate: lowerCase(operator.identity.feedCertificate),
      consensusEndpoint: operator.identity.consensusEndpoint,
      consensusCertificate: lowerCase(operator.identity.consensusCertificate),
      mpcMultiaddr: operator.identity.mpcMultiaddr,
    },
  };
}

function lowerCase(hex: Hex): Hex {
  return hex.toLowerCase() as Hex;
}
