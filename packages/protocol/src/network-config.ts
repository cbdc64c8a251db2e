/** The description of one network: what a deployment made and what every node must agree on. */
import { type Hex, isHex } from "./bytes.ts";
import { defaultParameters, type ProtocolParameters, parameterBounds } from "./parameters.ts";
import type { SigningDomain } from "./typed-data.ts";

const contractNames = [
  "stakeToken",
  "sequencerRegistry",
  "stakeVault",
  "epochRegistry",
  "forcedQueue",
  "rollupChain",
  "timelock",
  "admin",
  "frostScheme",
  "ecdsaScheme",
] as const;

/** Addresses of the L1 contracts. */
export type ContractAddresses = Readonly<Record<(typeof contractNames)[number], Hex>>;

/** State before the first L2 block. */
export type L2Genesis = {
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly gasLimit: bigint;
  readonly baseFeePerGasWei: bigint;
  /** Balances in wei, in the order of the file. */
  readonly alloc: readonly { readonly address: Hex; readonly balanceWei: bigint }[];
};

/** One network. */
export type NetworkConfig = {
  readonly l1ChainId: bigint;
  readonly l2ChainId: bigint;
  readonly contracts: ContractAddresses;
  /** L1 block at which the first members are read. */
  readonly genesisL1Block: bigint;
  /** Milliseconds since 1970; the PoS chain's time starts here. */
  readonly genesisTimeMs: number;
  readonly l2Genesis: L2Genesis;
  readonly parameters: ProtocolParameters;
};

/** Thrown by `parseNetworkConfig`; the message names the field. */
export class NetworkConfigError extends Error {
  constructor(field: string, expected: string) {
    super(`network description: ${field} must be ${expected}`);
    this.name = "NetworkConfigError";
  }
}

/** Parses a network description; integers are decimal strings or numbers. Throws `NetworkConfigError`. */
export function parseNetworkConfig(json: unknown): NetworkConfig {
  const root = record(json, "the file");
  const contracts = record(root["contracts"], "contracts");
  return {
    l1ChainId: integer(root["l1ChainId"], "l1ChainId"),
    l2ChainId: integer(root["l2ChainId"], "l2ChainId"),
    contracts: Object.fromEntries(
      contractNames.map((name) => [name, hex(contracts[name], `contracts.${name}`, 20)]),
    ) as ContractAddresses,
    genesisL1Block: integer(root["genesisL1Block"], "genesisL1Block"),
    genesisTimeMs: Number(integer(root["genesisTimeMs"], "genesisTimeMs")),
    l2Genesis: parseL2Genesis(record(root["l2Genesis"], "l2Genesis")),
    parameters: parseParameters(record(root["parameters"] ?? {}, "parameters")),
  };
}

/** The JSON form that `parseNetworkConfig` reads. */
export function formatNetworkConfig(network: NetworkConfig): string {
  const json = {
    ...network,
    l2Genesis: {
      ...network.l2Genesis,
      alloc: Object.fromEntries(
        network.l2Genesis.alloc.map(({ address, balanceWei }) => [address, balanceWei]),
      ),
    },
  };
  const text = (_key: string, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value;
  return `${JSON.stringify(json, text, 2)}\n`;
}

/** The domain of everything signed in this network. */
export function signingDomain(network: NetworkConfig): SigningDomain {
  return { l1ChainId: network.l1ChainId, rollupChain: network.contracts.rollupChain };
}

function parseL2Genesis(json: Record<string, unknown>): L2Genesis {
  return {
    timestamp: integer(json["timestamp"], "l2Genesis.timestamp"),
    gasLimit: integer(json["gasLimit"], "l2Genesis.gasLimit"),
    baseFeePerGasWei: integer(json["baseFeePerGasWei"], "l2Genesis.baseFeePerGasWei"),
    alloc: Object.entries(record(json["alloc"], "l2Genesis.alloc")).map(([address, balance]) => ({
      address: hex(address, "l2Genesis.alloc key", 20),
      balanceWei: integer(balance, `l2Genesis.alloc.${address}`),
    })),
  };
}

function parseParameters(json: Record<string, unknown>): ProtocolParameters {
  const names = Object.keys(defaultParameters) as (keyof ProtocolParameters)[];
  const unknown = Object.keys(json).find((key) => !names.some((name) => name === key));
  if (unknown !== undefined) throw new NetworkConfigError(`parameters.${unknown}`, "a known name");
  const entries = names.map((name) => {
    const value = json[name] ?? defaultParameters[name];
    const { min, max } = parameterBounds[name];
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw new NetworkConfigError(`parameters.${name}`, `an integer from ${min} to ${max}`);
    }
    return [name, value];
  });
  return Object.fromEntries(entries) as ProtocolParameters;
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new NetworkConfigError(field, "an object");
  }
  return value as Record<string, unknown>;
}

function integer(value: unknown, field: string): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^(?:[0-9]{1,78}|0x[0-9a-f]{1,64})$/.test(value))
    return BigInt(value);
  throw new NetworkConfigError(field, "an unsigned integer");
}

function hex(value: unknown, field: string, size: number): Hex {
  const lower = typeof value === "string" ? value.toLowerCase() : value;
  if (!isHex(lower, size)) throw new NetworkConfigError(field, `${size} bytes of hexadecimal`);
  return lower;
}
