/** Accounts, contracts and signed transactions for tests of blocks. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import {
  type Hex,
  hexToBytes,
  privateKeyToPublicKey,
  publicKeyToAddress,
} from "@sequorum/protocol";
import type { BlockInputs } from "../../src/types.ts";
import { beaconRootsAddress } from "../oracle/machine.ts";
import type { PlainAccount } from "../oracle/state.ts";
import { openMachine } from "./block-host.ts";
import { chainId } from "./chain.ts";
import { type Fields, rawTransaction } from "./raw-transaction.ts";

/** The module. */
export const machine = await openMachine(new URL("../../assembly/index.ts", import.meta.url));

export const keys = Array.from({ length: 6 }, (_, i) => keccak_256(Uint8Array.of(i)));
export const addresses = keys.map((key) => publicKeyToAddress(privateKeyToPublicKey(key)));
export const coinbase: Hex = `0x${"c0".repeat(20)}`;
export const originHash: Hex = `0x00${"a1".repeat(31)}`;
export const ether = 10n ** 18n;
const logger: Hex = `0x${"00".repeat(18)}1000`;

/** Contracts by what they do with their input. */
export const contracts = {
  /** Logs the input under its first two words as topics. */
  logger,
  /** storage[first word] = second word. */
  storer: `0x${"00".repeat(18)}1001`,
  reverter: `0x${"00".repeat(18)}1002`,
  burner: `0x${"00".repeat(18)}1003`,
  /** Logs the hash of the block whose number is the first word. */
  hasher: `0x${"00".repeat(18)}1004`,
  /** Stores what the environment's instructions give. */
  observer: `0x${"00".repeat(18)}1005`,
  /** Hands input and value on to the logger, and stores whether that succeeded. */
  forwarder: `0x${"00".repeat(18)}1006`,
  /** SELFDESTRUCT in favour of the address in the first word. */
  destroyer: `0x${"00".repeat(18)}1007`,
  /** Creates a contract from its input, and stores the address. */
  creator: `0x${"00".repeat(18)}1008`,
  /** Returns its input after storing it. */
  echo: `0x${"00".repeat(18)}1009`,
} as const satisfies Record<string, Hex>;

const codes: Record<keyof typeof contracts, string> = {
  logger: "366000600037602035600035366000a200",
  storer: "602035600035550000",
  reverter: "63deadbeef60005260206000fd",
  burner: "fe",
  hasher: "6000354060005260206000a000",
  observer:
    "3a6000554860015544600255426003554360045545600555466006553260075533600855346009554131600a5547600b5500",
  forwarder: `366000600037600060003660003473${logger.slice(2)}5af160005500`,
  destroyer: "600035ff",
  creator: "36600060003736600034f060005500",
  echo: "366000600037600035600055366000f3",
};

/** The EIP-4788 contract. */
export const beaconRoots: PlainAccount = {
  address: beaconRootsAddress,
  balance: 0n,
  nonce: 1n,
  code: hexToBytes(
    "0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500",
  ),
  storage: [],
};

/** Rich keys and nothing else. */
export const people: readonly PlainAccount[] = addresses.map((address) => ({
  address,
  balance: 1_000n * ether,
  nonce: 0n,
  code: new Uint8Array(0),
  storage: [],
}));

/** Rich keys, the contracts, and the EIP-4788 contract. */
export const world: readonly PlainAccount[] = [
  ...people,
  ...Object.entries(contracts).map(([name, address]) => ({
    address,
    balance: 7n,
    nonce: 1n,
    code: hexToBytes(`0x${codes[name as keyof typeof contracts]}`),
    storage: name === "storer" ? [[1n, 1n] as const, [2n, 2n] as const] : [],
  })),
  beaconRoots,
];

/** Inputs of a block on a genesis at 1,000 s. */
export function inputs(fields: Partial<BlockInputs> = {}): BlockInputs {
  return {
    timestamp: 1_100n,
    originNumber: 5n,
    originHash,
    originTime: 1_050n,
    term: 1n,
    coinbase,
    transactions: [],
    forcedEntries: [],
    ...fields,
  };
}

/** A raw transaction by the key of this index; a transfer of 1 wei unless told otherwise. */
export function signedBy(from: number, fields: Partial<Fields> = {}): Uint8Array {
  const complete: Fields = {
    type: 2,
    chainId,
    nonce: 0n,
    tip: 1n,
    feeCap: 10_000_000_000n,
    gasLimit: 21_000n,
    to: hexToBytes(addresses[1] ?? coinbase),
    value: 1n,
    data: new Uint8Array(0),
    accessList: [],
    ...fields,
  };
  return rawTransaction(complete, keys[from] ?? new Uint8Array(32));
}

/** Queue entries with consecutive positions. */
export function queue(transactions: readonly Uint8Array[], from = 0n) {
  return transactions.map((transaction, i) => ({
    position: from + BigInt(i),
    l1BlockNumber: 3n,
    transaction,
  }));
}

/** Words as input of a contract. */
export function words(...values: readonly bigint[]): Uint8Array {
  return hexToBytes(`0x${values.map((value) => value.toString(16).padStart(64, "0")).join("")}`);
}
