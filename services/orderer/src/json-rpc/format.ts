/** Domain values to their JSON-RPC form (execution-apis schemas). Pure; the only place that knows that form. */
import { assert, bytesToHex, type Hex, keccak256 } from "@sequorum/protocol";
import type { AccountProof, L2Block, Receipt, Transaction } from "@sequorum/stf";
import type { ChainBlock, ChainLog } from "../ports.ts";
import type { Json } from "./json.ts";

/** A JSON object under construction. */
export type JsonMembers = { readonly [key: string]: Json };

/** keccak256(rlp([])): a block without uncles. */
const emptyUnclesHash: Hex = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";

/** An integer in hex without leading zeros. */
export function formatQuantity(value: bigint | number): Hex {
  assert(value >= 0, "a quantity is not negative", { value });
  return `0x${value.toString(16)}`;
}

/** A header: the result of newHeads, and the first part of a block. Blob fields are zero: there are no blobs. */
export function formatHeader({ header, hash }: L2Block): JsonMembers {
  return {
    hash,
    parentHash: header.parentHash,
    number: formatQuantity(header.number),
    timestamp: formatQuantity(header.timestamp),
    miner: header.coinbase,
    sha3Uncles: emptyUnclesHash,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    withdrawalsRoot: header.withdrawalsRoot,
    logsBloom: header.logsBloom,
    difficulty: "0x0",
    gasLimit: formatQuantity(header.gasLimit),
    gasUsed: formatQuantity(header.gasUsed),
    baseFeePerGas: formatQuantity(header.baseFeePerGas),
    extraData: header.extraData,
    mixHash: header.prevRandao,
    nonce: "0x0000000000000000",
    parentBeaconBlockRoot: header.originHash,
    blobGasUsed: "0x0",
    excessBlobGas: "0x0",
  };
}

/** A block with transaction hashes; with `decoded`, with whole transactions. */
export function formatBlock(stored: ChainBlock, decoded?: readonly Transaction[]): Json {
  const { block, sizeBytes } = stored;
  return {
    ...formatHeader(block),
    totalDifficulty: "0x0",
    size: formatQuantity(sizeBytes),
    uncles: [],
    withdrawals: [],
    transactions:
      decoded?.map((transaction, index) => formatTransaction(transaction, { block, index })) ??
      block.transactions.map((raw) => keccak256(raw)),
  };
}

/** Where a transaction is in the chain; absent for a pending one. */
export type TransactionPlace = { readonly block: L2Block; readonly index: number };

/** A transaction, in a block or pending. */
export function formatTransaction(transaction: Transaction, place?: TransactionPlace): JsonMembers {
  const { type } = transaction;
  return {
    hash: transaction.hash,
    from: transaction.from,
    blockHash: place?.block.hash ?? null,
    blockNumber: place === undefined ? null : formatQuantity(place.block.header.number),
    transactionIndex: place === undefined ? null : formatQuantity(place.index),
    type: formatQuantity(type),
    nonce: formatQuantity(transaction.nonce),
    to: transaction.to,
    value: formatQuantity(transaction.valueWei),
    gas: formatQuantity(transaction.gasLimit),
    input: bytesToHex(transaction.data),
    gasPrice: formatQuantity(effectiveGasPrice(transaction, place?.block.header.baseFeePerGas)),
    ...(type === 2 ? formatFeeCaps(transaction) : {}),
    ...(transaction.chainId === null ? {} : { chainId: formatQuantity(transaction.chainId) }),
    ...(type === 0 ? {} : formatTypedPart(transaction)),
    v: formatQuantity(transaction.v),
    r: formatQuantity(transaction.r),
    s: formatQuantity(transaction.s),
  };
}

/** What one unit of gas costs the sender (EIP-1559); for a pending transaction, at most. */
export function effectiveGasPrice(
  transaction: Pick<Transaction, "maxFeePerGas" | "maxPriorityFeePerGas">,
  baseFeePerGas?: bigint,
): bigint {
  const { maxFeePerGas, maxPriorityFeePerGas } = transaction;
  if (baseFeePerGas === undefined) return maxFeePerGas;
  const price = baseFeePerGas + maxPriorityFeePerGas;
  return price < maxFeePerGas ? price : maxFeePerGas;
}

/** The receipts of a block, in order. */
export function formatReceipts(block: L2Block, receipts: readonly Receipt[]): Json[] {
  assert(receipts.length === block.transactions.length, "every transaction has a receipt", {
    block: block.hash,
  });
  let firstLogIndex = 0;
  return receipts.map((receipt, index) => {
    const formatted = formatReceipt(receipt, { block, index, firstLogIndex });
    firstLogIndex += receipt.logs.length;
    return formatted;
  });
}

/** A log; `isRemoved` tells subscribers that its block was abandoned. */
export function formatLog(log: ChainLog): Json {
  return {
    address: log.address,
    topics: log.topics,
    data: log.data,
    blockHash: log.blockHash,
    blockNumber: formatQuantity(log.blockNumber),
    blockTimestamp: formatQuantity(log.blockTimestamp),
    transactionHash: log.transactionHash,
    transactionIndex: formatQuantity(log.transactionIndex),
    logIndex: formatQuantity(log.logIndex),
    removed: log.isRemoved,
  };
}

/** The answer of eth_getProof (EIP-1186). */
export function formatProof(proof: AccountProof): Json {
  return {
    address: proof.address,
    balance: formatQuantity(proof.balanceWei),
    nonce: formatQuantity(proof.nonce),
    codeHash: proof.codeHash,
    storageHash: proof.storageHash,
    accountProof: proof.accountProof,
    storageProof: proof.storageProof.map(({ key, value, proof: nodes }) => ({
      key,
      value: formatQuantity(value),
      proof: nodes,
    })),
  };
}

/** An EIP-2930 access list. */
export function formatAccessList(list: Transaction["accessList"]): Json {
  return list.map(({ address, storageKeys }) => ({ address, storageKeys }));
}

type ReceiptPlace = TransactionPlace & {
  /** Index in the block of the receipt's first log. */
  readonly firstLogIndex: number;
};

function formatReceipt(receipt: Receipt, { block, index, firstLogIndex }: ReceiptPlace): Json {
  const place = {
    blockHash: block.hash,
    blockNumber: block.header.number,
    blockTimestamp: block.header.timestamp,
    transactionHash: receipt.transactionHash,
    transactionIndex: index,
    isRemoved: false,
  };
  return {
    transactionHash: receipt.transactionHash,
    transactionIndex: formatQuantity(index),
    blockHash: block.hash,
    blockNumber: formatQuantity(block.header.number),
    from: receipt.from,
    to: receipt.to,
    contractAddress: receipt.contractAddress,
    type: formatQuantity(receipt.transactionType),
    status: formatQuantity(receipt.status),
    gasUsed: formatQuantity(receipt.gasUsed),
    cumulativeGasUsed: formatQuantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: formatQuantity(receipt.effectiveGasPrice),
    logsBloom: receipt.logsBloom,
    logs: receipt.logs.map((log, i) =>
      formatLog({ ...log, ...place, logIndex: firstLogIndex + i }),
    ),
  };
}

function formatFeeCaps(transaction: Transaction): JsonMembers {
  return {
    maxFeePerGas: formatQuantity(transaction.maxFeePerGas),
    maxPriorityFeePerGas: formatQuantity(transaction.maxPriorityFeePerGas),
  };
}

/** What EIP-2718 envelopes have and legacy transactions have not; v of an envelope is the parity itself. */
function formatTypedPart(transaction: Transaction): JsonMembers {
  return {
    accessList: formatAccessList(transaction.accessList),
    yParity: formatQuantity(transaction.v),
  };
}
