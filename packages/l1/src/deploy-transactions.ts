/** Sends prepared transactions of one account in parallel with explicit nonces, and waits until all are mined. */
import type { Hex } from "@sequorum/protocol";
import {
  type Chain,
  createPublicClient,
  defineChain,
  http,
  type PublicClient,
  type Transport,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";

/** A client of the chain that is deployed to. */
export type DeployClient = PublicClient<Transport, Chain>;

/** A call or, without `to`, a contract creation. */
export type PreparedTransaction = {
  /** What it does, for error messages. */
  readonly label: string;
  readonly to?: Hex;
  readonly data?: Hex;
  readonly valueWei?: bigint;
  readonly gas: bigint;
};

/** A transaction was mined but failed, or was not mined in time. */
export class DeployError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "DeployError";
  }
}

/** One sending account with its next nonce and a fee that is good for a few blocks. */
export type Sender = {
  readonly client: DeployClient;
  readonly account: PrivateKeyAccount;
  readonly nonce: number;
  readonly maxFeePerGas: bigint;
  readonly signal: AbortSignal;
};

const MINING_TIMEOUT_MS = 30_000;
const POLL_MS = 40;
const PRIORITY_FEE_WEI = 1_000_000_000n;
/** Room for the base fee to rise while the transactions wait. */
const BASE_FEE_FACTOR = 4n;

/** Opens a client of the chain behind the URL. */
export async function openDeployClient(rpcUrl: string): Promise<DeployClient> {
  const probe = createPublicClient({ transport: http(rpcUrl) });
  const id = await probe.getChainId();
  const chain = defineChain({
    id,
    name: `l1-${id}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  return createPublicClient({ chain, transport: http(rpcUrl, { timeout: 10_000 }), cacheTime: 0 });
}

/** Reads the nonce and the fee for an account. */
export async function openSender(
  client: DeployClient,
  privateKey: Hex,
  signal: AbortSignal,
): Promise<Sender> {
  const account = privateKeyToAccount(privateKey);
  const [nonce, block] = await Promise.all([
    client.getTransactionCount({ address: account.address, blockTag: "pending" }),
    client.getBlock({ blockTag: "latest" }),
  ]);
  const baseFee = block.baseFeePerGas ?? 0n;
  return {
    client,
    account,
    nonce,
    maxFeePerGas: baseFee * BASE_FEE_FACTOR + PRIORITY_FEE_WEI,
    signal,
  };
}

/** Sends all at once in nonce order; returns the number of the block that holds the last one. */
export async function sendAll(
  sender: Sender,
  transactions: readonly PreparedTransaction[],
): Promise<bigint> {
  const signed = await Promise.all(
    transactions.map((transaction, i) => sign(sender, transaction, sender.nonce + i)),
  );
  const hashes = await Promise.all(
    signed.map((serializedTransaction) =>
      sender.client.sendRawTransaction({ serializedTransaction }),
    ),
  );
  const blocks = await Promise.all(
    hashes.map((hash, i) => waitForSuccess(sender, hash, transactions[i]?.label ?? "transaction")),
  );
  return blocks.reduce((last, block) => (block > last ? block : last), 0n);
}

function sign(sender: Sender, transaction: PreparedTransaction, nonce: number): Promise<Hex> {
  return sender.account.signTransaction({
    type: "eip1559",
    chainId: sender.client.chain.id,
    nonce,
    gas: transaction.gas,
    maxFeePerGas: sender.maxFeePerGas,
    maxPriorityFeePerGas: PRIORITY_FEE_WEI,
    value: transaction.valueWei ?? 0n,
    ...(transaction.to === undefined ? {} : { to: transaction.to }),
    ...(transaction.data === undefined ? {} : { data: transaction.data }),
  });
}

async function waitForSuccess(
  { client, signal }: Sender,
  hash: Hex,
  label: string,
): Promise<bigint> {
  const deadlineMs = performance.now() + MINING_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    signal.throwIfAborted();
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt !== undefined) {
      if (receipt.status !== "success")
        throw new DeployError(`${label} failed in transaction ${hash}`);
      return receipt.blockNumber;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new DeployError(
    `${label} was not mined within ${MINING_TIMEOUT_MS} ms (transaction ${hash})`,
  );
}
