/** One block under execution on ethereumjs: runs transactions one after another, then totals. */
import { type Block, createBlock, genTransactionsTrieRoot } from "@ethereumjs/block";
import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import type { TypedTransaction } from "@ethereumjs/tx";
import { createAddressFromString } from "@ethereumjs/util";
import { Bloom, createVM, encodeReceipt, type RunTxResult, runTx, type VM } from "@ethereumjs/vm";
import { assert, type Hex } from "@sequorum/protocol";
import { beaconRootsAddress, beaconRootsBufferLength } from "./beacon-roots.ts";
import { fixedBytes, fromHex, integerBytes, toHex } from "./bytes.ts";
import type { Common } from "./common.ts";
import { liveWrites, type OpenState, openState, readAccount } from "./state.ts";
import type {
  AccountSummary,
  BlockHeader,
  Receipt,
  StateStore,
  Transaction,
  TransactionFault,
} from "./types.ts";
import { stateFault } from "./transaction.ts";

/** A transaction in both forms. */
export type Runnable = { readonly native: TypedTransaction; readonly transaction: Transaction };

/** What a block's execution comes to. */
export type Totals = Pick<
  BlockHeader,
  "stateRoot" | "transactionsRoot" | "receiptsRoot" | "logsBloom" | "gasUsed"
> & {
  readonly receipts: readonly Receipt[];
  readonly writes: ReadonlyMap<string, Uint8Array>;
  readonly senders: ReadonlyMap<Hex, AccountSummary>;
};

/** A machine in the environment of one header on its parent's state. */
export class BlockMachine {
  readonly #vm: VM;
  readonly #state: OpenState;
  readonly #block: Block;
  readonly #header: BlockHeader;
  readonly #natives: TypedTransaction[] = [];
  readonly #results: RunTxResult[] = [];
  readonly #receipts: Receipt[] = [];
  #gasUsed = 0n;

  private constructor(vm: VM, state: OpenState, block: Block, header: BlockHeader) {
    this.#vm = vm;
    this.#state = state;
    this.#block = block;
    this.#header = header;
  }

  /** Opens the parent's state and stores the origin's hash as EIP-4788 says. */
  static async open(
    header: BlockHeader,
    parentStateRoot: Hex,
    deps: { readonly store: StateStore; readonly common: Common },
  ): Promise<BlockMachine> {
    const state = await openState(deps.store, parentStateRoot, deps.common);
    const vm = await openVm(header, state, deps);
    await state.manager.checkpoint();
    const machine = new BlockMachine(vm, state, evmBlock(header, deps.common), header);
    await machine.#storeOrigin();
    return machine;
  }

  /** Why the transaction cannot come next in this block; undefined when it can. */
  async fault({ transaction }: Runnable): Promise<TransactionFault | undefined> {
    if (transaction.gasLimit > this.#header.gasLimit) return "GAS_LIMIT_ABOVE_BLOCK";
    if (transaction.gasLimit > this.#header.gasLimit - this.#gasUsed) return "GAS_LEFT_TOO_LOW";
    if (transaction.maxFeePerGas < this.#header.baseFeePerGas) return "FEE_TOO_LOW";
    const address = createAddressFromString(transaction.from);
    const account = await this.#vm.stateManager.getAccount(address);
    if (account?.isContract() === true) return "SENDER_NOT_EOA"; // EIP-3607
    const summary = { nonce: account?.nonce ?? 0n, balanceWei: account?.balance ?? 0n };
    return stateFault(transaction, summary);
  }

  /** Runs a transaction that has no fault. */
  async run({ native, transaction }: Runnable): Promise<void> {
    const result = await runTx(this.#vm, {
      tx: native,
      block: this.#block,
      skipHardForkValidation: true,
      blockGasUsed: this.#gasUsed,
    });
    this.#gasUsed += result.totalGasSpent;
    assert(this.#gasUsed <= this.#header.gasLimit, "a block's gas stays below its limit", {
      gasUsed: this.#gasUsed,
    });
    this.#natives.push(native);
    this.#results.push(result);
    this.#receipts.push(this.#describe(transaction, result));
  }

  /** Ends the block: roots, receipts, and the state to be stored. */
  async finish(): Promise<Totals> {
    const senders = new Map<Hex, AccountSummary>();
    for (const { from } of this.#receipts) {
      if (!senders.has(from)) senders.set(from, await readAccount(this.#state.manager, from));
    }
    await this.#state.manager.commit();
    const stateRoot = toHex(await this.#state.manager.getStateRoot());
    const bloom = new Bloom(undefined, this.#vm.common);
    for (const result of this.#results) bloom.or(result.bloom);
    return {
      stateRoot,
      transactionsRoot: toHex(await genTransactionsTrieRoot(this.#natives, this.#trie())),
      receiptsRoot: toHex(await this.#receiptsRoot()),
      logsBloom: toHex(bloom.bitvector),
      gasUsed: this.#gasUsed,
      receipts: this.#receipts,
      writes: liveWrites(this.#state.written, stateRoot),
      senders,
    };
  }

  /** EIP-4788, as the system call at the start of the block would write it. */
  async #storeOrigin(): Promise<void> {
    const { manager } = this.#state;
    const address = createAddressFromString(beaconRootsAddress);
    if ((await manager.getCode(address)).length === 0) return;
    const { timestamp, originHash } = this.#header;
    const index = timestamp % beaconRootsBufferLength;
    await manager.putStorage(address, fixedBytes(index, 32), integerBytes(timestamp));
    await manager.putStorage(
      address,
      fixedBytes(index + beaconRootsBufferLength, 32),
      fromHex(originHash),
    );
  }

  #describe(transaction: Transaction, result: RunTxResult): Receipt {
    const receipt = result.receipt;
    const { baseFeePerGas } = this.#header;
    const tip = transaction.maxFeePerGas - baseFeePerGas;
    const paidTip = tip < transaction.maxPriorityFeePerGas ? tip : transaction.maxPriorityFeePerGas;
    return {
      transactionHash: transaction.hash,
      transactionType: transaction.type,
      status: "status" in receipt && receipt.status === 1 ? 1 : 0,
      from: transaction.from,
      to: transaction.to,
      contractAddress:
        result.createdAddress === undefined ? null : toHex(result.createdAddress.bytes),
      gasUsed: result.totalGasSpent,
      cumulativeGasUsed: this.#gasUsed,
      effectiveGasPrice:
        transaction.type === 2 ? baseFeePerGas + paidTip : transaction.maxFeePerGas,
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

  #trie(): MerklePatriciaTrie {
    return new MerklePatriciaTrie({ common: this.#vm.common });
  }
}

/** A virtual machine whose BLOCKHASH walks the ancestors of `header`. */
export async function openVm(
  header: BlockHeader,
  state: OpenState,
  deps: { readonly store: StateStore; readonly common: Common },
): Promise<VM> {
  const blockchain = {
    getBlock: async (number: number) => {
      const hash = await ancestorHash(deps.store, header, BigInt(number));
      return { hash: () => fromHex(hash) };
    },
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  return createVM({ common: deps.common, stateManager: state.manager, blockchain });
}

/** The header as ethereumjs wants it. */
export function evmBlock(header: BlockHeader, common: Common): Block {
  return createBlock(
    {
      header: {
        parentHash: header.parentHash,
        coinbase: header.coinbase,
        number: header.number,
        gasLimit: header.gasLimit,
        timestamp: header.timestamp,
        extraData: header.extraData,
        mixHash: header.prevRandao,
        baseFeePerGas: header.baseFeePerGas,
        parentBeaconBlockRoot: header.originHash,
        difficulty: 0n,
      },
    },
    { common },
  );
}

async function ancestorHash(store: StateStore, header: BlockHeader, number: bigint): Promise<Hex> {
  let hash = header.parentHash;
  for (let at = header.number - 1n; at > number; at -= 1n) {
    const ancestor = await store.header(hash);
    assert(ancestor !== undefined, "ancestors of a block are stored", { hash });
    hash = ancestor.parentHash;
  }
  return hash;
}
