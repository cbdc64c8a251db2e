/** Accounts, transactions and a short chain for tests. */
import { createFeeMarket1559Tx, createLegacyTx } from "@ethereumjs/tx";
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
} from "@sequorum/protocol";
import {
  type BlockInputs,
  createExecutor,
  createMemoryStateStore,
  type ExecutedBlock,
  type Genesis,
  type ParentBlock,
} from "../src/index.ts";
import { oracleCommon } from "./oracle/common.ts";

export const chainId = 7_777n;
export const common = oracleCommon(chainId);
export const keys = Array.from({ length: 8 }, (_, i) => hexToBytes(keccak256(Uint8Array.of(i))));
export const addresses = keys.map((key) => publicKeyToAddress(privateKeyToPublicKey(key)));
export const coinbase: Hex = `0x${"c0".repeat(20)}`;
export const originHash: Hex = `0x${"a1".repeat(32)}`;
export const genesis: Genesis = {
  timestamp: 1_000n,
  gasLimit: 30_000_000n,
  baseFeePerGasWei: 1_000_000_000n,
  alloc: addresses.map((address) => ({ address, balanceWei: 10n ** 21n })),
};

type Fields = {
  from?: number;
  nonce?: bigint;
  to?: Hex | null;
  value?: bigint;
  gasLimit?: bigint;
  maxFeePerGas?: bigint;
  tip?: bigint;
  data?: Uint8Array;
};

/** A signed type-2 transaction. */
export function transfer(fields: Fields = {}): Uint8Array {
  const { from = 0, nonce = 0n, to = addresses[1] ?? coinbase, value = 1n } = fields;
  const transaction = createFeeMarket1559Tx(
    {
      nonce,
      value,
      ...(to === null ? {} : { to }),
      gasLimit: fields.gasLimit ?? 21_000n,
      maxFeePerGas: fields.maxFeePerGas ?? 10_000_000_000n,
      maxPriorityFeePerGas: fields.tip ?? 1n,
      data: fields.data ?? new Uint8Array(0),
    },
    { common },
  );
  return transaction.sign(keys[from] ?? new Uint8Array(32)).serialize();
}

/** A signed legacy transaction (EIP-155 by default). */
export function legacy(nonce: bigint, options: { chain?: typeof common } = {}): Uint8Array {
  const fields = { nonce, gasPrice: 10_000_000_000n, gasLimit: 21_000n, to: coinbase, value: 1n };
  const transaction = createLegacyTx(fields, { common: options.chain ?? common });
  return transaction.sign(keys[0] ?? new Uint8Array(32)).serialize();
}

/** An executor over an empty memory store with genesis in it. */
export async function newChain() {
  const store = createMemoryStateStore();
  const executor = createExecutor({ store, chainId, poisonsArena: true });
  const executed = await executor.genesisBlock(genesis);
  store.commit(executed);
  return { store, executor, genesis: asParent(executed) };
}

export function asParent({ block, originNumber }: ExecutedBlock): ParentBlock {
  return { header: block.header, hash: block.hash, originNumber };
}

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

/** Init code that deploys `runtime`. */
export function deploying(runtime: Hex): Uint8Array {
  const size = (runtime.length - 2) / 2;
  const header = `0x61${size.toString(16).padStart(4, "0")}80600a5f395ff3`;
  return hexToBytes(`${header}${runtime.slice(2)}`);
}

export const hexOf = bytesToHex;
