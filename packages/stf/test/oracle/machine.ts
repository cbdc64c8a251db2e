/** One block under execution on ethereumjs: runs transactions one after another, then totals. */
import { type Block, createBlock, genTransactionsTrieRoot } from "@ethereumjs/block";
import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import type { MerkleStateManager } from "@ethereumjs/statemanager";
import type { TypedTransaction } from "@ethereumjs/tx";
import { Account, createAddressFromString } from "@ethereumjs/util";
import { Bloom, createVM, encodeReceipt, type RunTxResult, runTx, type VM } from "@ethereumjs/vm";
import { assert, type Hex } from "@sequorum/protocol";
import type { AccountSummary, BlockHeader, Receipt, TransactionFault } from "../../src/types.ts";
import { fixedBytes, fromHex, integerBytes, toHex } from "./bytes.ts";
import type { Common } from "./common.ts";
import { emptyTrieRoot, type OracleStore, openState, readAccount } from "./state.ts";
import { feeCap, type Parsed, tipCap } from "./transaction.ts";

/** Address of the EIP-4788 contract. */
export const beaconRootsAddress: Hex = "0x000f3df6d732807ef1319fb7b8bb8522d0beac02";
const beaconRootsBufferLength = 8_191n;

/** A transaction that can be run. */
export type Runnable = Parsed & { readonly type: "parsed" };

/** Value fields that a block's environment gives. */
export type Environment = Pick<
  BlockHeader,
  | "parentHash"
  | "coinbase"
  | "number"
  | "gasLimit"
  | "timestamp"
  | "extraData"
  | "prevRandao"
  | "baseFeePerGas"
  | "originHash"
>;

/** EIP-4895. */
export type Withdrawal = {
  readonly index: bigint;
  readonly validator: bigint;
  readonly address: Hex;
  readonly amountGwei: bigint;
};

/** What a block's execution comes to. */
export type Totals = Pick<
  BlockHeader,
  "stateRoot" | "transactionsRoot" | "receiptsRoot" | "logsBloom" | "gasUsed" | "withdrawalsRoot"
> & {
  readonly receipts: readonly Receipt[];
  readonly senders: ReadonlyMap<Hex, AccountSummary>;
};

/** What a machine needs beside the environment. */
export type MachineOptions = {
  readonly store: OracleStore;
  readonly common: Common;
  readonly stateRoot: Hex;
  /** Hash of an ancestor by number; for BLOCKHASH. */
  readonly ancestor: (number: bigint) => Hex;
  /** Sees every virtual machine before it runs; for counting what it does. */
  readonly observe?: ((vm: VM) => void) | undefined;
};

/** A machine in an environment on its parent's state. */
export class BlockMachine {
  readonly #vm: VM;
  readonly #state: MerkleStateManager;
  readonly #block: Block;
  readonly #environment: Environment;
  readonly #natives: TypedTransaction[] = [];
  readonly #results: RunTxResult[] = [];
  readonly #receipts: Receipt[] = [];
  #gasUsed = 0n;

  private constructor(vm: VM, state: MerkleStateManager, environment: Environment) {
    this.#vm = vm;
    this.#state = state;
    this.#block = nativeBlock(environment, vm.common);
    this.#environment = environment;
  }

  /** Opens the parent's state and stores the beacon root as EIP-4788 says. */
  static async open(environment: Environment, options: MachineOptions): Promise<BlockMachine> {
    const state = await openState(options.store, options.stateRoot, options.common);
    const vm = await openVm(state, options);
    await state.checkpoint();
    const machine = new BlockMachine(vm, state, environment);
    await machine.#storeBeaconRoot();
    return machine;
  }

  /** Why the transaction cannot come next in this block; undefined when it can. */
  async fault({ native, from }: Runnable): Promise<TransactionFault | undefined> {
    const { gasLimit, baseFeePerGas } = this.#environment;
    if (native.gasLimit > gasLimit) return "GAS_LIMIT_ABOVE_BLOCK";
    if (native.gasLimit > gasLimit - this.#gasUsed) return "GAS_LEFT_TOO_LOW";
    if (feeCap(native) < baseFeePerGas) return "FEE_TOO_LOW";
    const account = await this.#state.getAccount(createAddressFromString(from));
    if (account?.isContract() === true) return "SENDER_NOT_EOA"; // EIP-3607
    const nonce = account?.nonce ?? 0n;
    if (native.nonce < nonce) return "NONCE_TOO_LOW";
    if (native.nonce > nonce) return "NONCE_TOO_HIGH";
    const costMax = native.value + native.gasLimit * feeCap(native);
    return (account?.balance ?? 0n) < costMax ? "INSUFFICIENT_FUNDS" : undefined;
  }

  /** Runs a transaction that has no fault. */
  async run(runnable: Runnable): Promise<void> {
    const result = await runTx(this.#vm, {
      tx: runnable.native,
      block: this.#block,
      skipHardForkValidation: true,
      blockGasUsed: this.#gasUsed,
    });
    this.#gasUsed += result.totalGasSpent;
    this.#natives.push(runnable.native);
    this.#results.push(result);
    this.#receipts.push(this.#describe(runnable, result));
  }

  /** Ends the block: withdrawals, roots, receipts. */
  async finish(withdrawals: readonly Withdrawal[] = []): Promise<Totals> {
    for (const withdrawal of withdrawals) await this.#withdraw(withdrawal);
    const senders = new Map<Hex, AccountSummary>();
    for (const { from } of this.#receipts) {
      if (!senders.has(from)) senders.set(from, await readAccount(this.#state, from));
    }
    await this.#state.commit();
    const bloom = new Bloom(undefined, this.#vm.common);
    for (const result of this.#results) bloom.or(result.bloom);
    return {
      stateRoot: toHex(await this.#state.getStateRoot()),
      transactionsRoot: toHex(await genTransactionsTrieRoot(this.#natives, this.#trie())),
      receiptsRoot: toHex(await this.#receiptsRoot()),
      withdrawalsRoot: await this.#withdrawalsRoot(withdrawals),
      logsBloom: toHex(bloom.bitvector),
      gasUsed: this.#gasUsed,
      receipts: this.#receipts,
      senders,
    };
  }

  /** EIP-4788, as the system call at the start of the block would write it. */
  async #storeBeaconRoot(): Promise<void> {
    const address = createAddressFromString(beaconRootsAddress);
    if ((await this.#state.getCode(address)).length === 0) return;
    const { timestamp, originHash } = this.#environment;
    const index = timestamp % beaconRootsBufferLength;
    const second = fixedBytes(index + beaconRootsBufferLength, 32);
    await this.#state.putStorage(address, fixedBytes(index, 32), integerBytes(timestamp));
    await this.#state.putStorage(address, second, unpadded(fromHex(originHash)));
  }

  /** EIP-4895; an amount of zero creates no account. */
  async #withdraw({ address, amountGwei }: Withdrawal): Promise<void> {
    if (amountGwei === 0n) return;
    const native = createAddressFromString(address);
    const account = (await this.#state.getAccount(native)) ?? new Account();
    account.balance += amountGwei * 1_000_000_000n;
    await this.#state.putAccount(native, account);
  }

  #describe({ native, from }: Runnable, result: RunTxResult): Receipt {
    const { receipt, createdAddress } = result;
    const { baseFeePerGas } = this.#environment;
    const tip = feeCap(native) - baseFeePerGas;
    return {
      transactionHash: toHex(native.hash()),
      transactionType: native.type,
      status: "status" in receipt && receipt.status === 1 ? 1 : 0,
      from,
      to: native.to === undefined ? null : toHex(native.to.bytes),
      contractAddress: createdAddress === undefined ? null : toHex(createdAddress.bytes),
      gasUsed: result.totalGasSpent,
      cumulativeGasUsed: this.#gasUsed,
      effectiveGasPrice: baseFeePerGas + (tip < tipCap(native) ? tip : tipCap(native)),
      logsBloom: toHex(receipt.bitvector),
      logs: receipt.logs.map(([address, topics, data]) => ({
        address: toHex(address),
        topics: topics.map(toHex),
        data: toHex(data),
      })),
    };
  }

  async #receiptsRoot(): Promise<Uint8Array> {
    const trie = this.#trie();
    for (const [i, result] of this.#results.entries()) {
      const type = this.#natives[i]?.type ?? 0;
      await trie.put(RLP.encode(i), encodeReceipt(result.receipt, type));
    }
    return trie.root();
  }

  async #withdrawalsRoot(withdrawals: readonly Withdrawal[]): Promise<Hex> {
    if (withdrawals.length === 0) return emptyTrieRoot;
    const trie = this.#trie();
    for (const [i, { index, validator, address, amountGwei }] of withdrawals.entries()) {
      const fields = [integerBytes(index), integerBytes(validator), fromHex(address)];
      await trie.put(RLP.encode(i), RLP.encode([...fields, integerBytes(amountGwei)]));
    }
    return toHex(trie.root());
  }

  #trie(): MerklePatriciaTrie {
    return new MerklePatriciaTrie({ common: this.#vm.common });
  }
}

/** A virtual machine on this state. */
export async function openVm(state: MerkleStateManager, options: MachineOptions): Promise<VM> {
  const blockchain = {
    getBlock: async (number: number) => ({ hash: () => fromHex(options.ancestor(BigInt(number))) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const vm = await createVM({ common: options.common, stateManager: state, blockchain });
  options.observe?.(vm);
  return vm;
}

/** The environment as ethereumjs wants it. */
export function nativeBlock(environment: Environment, common: Common): Block {
  const { prevRandao, originHash, ...rest } = environment;
  assert(rest.extraData.length <= 66, "extraData has at most 32 bytes");
  const header = { ...rest, mixHash: prevRandao, parentBeaconBlockRoot: originHash };
  return createBlock({ header: { ...header, difficulty: 0n } }, { common });
}

function unpadded(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? new Uint8Array(0) : bytes.subarray(start);
}
