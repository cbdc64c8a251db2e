/** Sending L2 transactions as a wallet does, with nonces kept here so that many may be on the way. */
import type { Hex } from "@sequorum/protocol";
import {
  type Address,
  createPublicClient,
  defineChain,
  http,
  type PublicClient,
  type TransactionReceipt,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { DevelopmentAccount } from "../development-accounts.ts";

/** A transaction that an operator accepted. */
export type SentTransaction = {
  readonly hash: Hex;
  readonly what: string;
  readonly submittedAtMs: number;
  readonly acceptedAtMs: number;
};

/** What is sent; gas and fees have defaults. */
export type TransactionRequest = {
  readonly to?: Address;
  readonly valueWei?: bigint;
  readonly data?: Hex;
  readonly gas: bigint;
};

/** A wallet for one account that sends through any of the operators. */
export type Wallet = {
  readonly address: Address;
  /** Signs, sends through operator `via`, and answers when it accepted. */
  send(what: string, request: TransactionRequest, via: number): Promise<SentTransaction>;
  /** Signs with the account's next nonce without sending. */
  sign(request: TransactionRequest): Promise<Hex>;
};

/** The L2 as the tour's clients see it. */
export type L2 = {
  readonly clients: readonly PublicClient[];
  wallet(account: DevelopmentAccount): Promise<Wallet>;
  /** The receipt, once there is one. */
  receipt(hash: Hex, via?: number): Promise<TransactionReceipt>;
};

const maxFeePerGasWei = 20n * 10n ** 9n;
const maxPriorityFeePerGasWei = 10n ** 9n;
const receiptTimeoutMs = 60_000;

/** Connects to the operators' JSON-RPC. */
export function connectL2(chainId: bigint, rpcUrls: readonly string[]): L2 {
  const chain = defineChain({
    id: Number(chainId),
    name: "Sequorum development",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [...rpcUrls] } },
  });
  const transports = rpcUrls.map((url) => http(url, { retryCount: 0, timeout: 20_000 }));
  const clients = transports.map((transport) =>
    createPublicClient({ chain, transport, pollingInterval: 100, cacheTime: 0 }),
  );
  const first = clients[0];
  if (first === undefined) throw new TypeError("a pool has an operator");
  return {
    clients,
    async wallet({ privateKey }) {
      const account = privateKeyToAccount(privateKey);
      const nonce = await first.getTransactionCount({
        address: account.address,
        blockTag: "pending",
      });
      return createWallet({ account, chainId: chain.id, nonce, clients });
    },
    receipt: (hash, via = 0) =>
      (clients[via] ?? first).waitForTransactionReceipt({
        hash,
        timeout: receiptTimeoutMs,
        retryCount: 0,
      }),
  };
}

function createWallet(scope: {
  readonly account: PrivateKeyAccount;
  readonly chainId: number;
  readonly nonce: number;
  readonly clients: readonly PublicClient[];
}): Wallet {
  const { account, chainId, clients } = scope;
  let nonce = scope.nonce;
  const sign = async ({ to, valueWei = 0n, data, gas }: TransactionRequest) => {
    return account.signTransaction({
      type: "eip1559",
      chainId,
      nonce: nonce++,
      gas,
      maxFeePerGas: maxFeePerGasWei,
      maxPriorityFeePerGas: maxPriorityFeePerGasWei,
      value: valueWei,
      ...(to === undefined ? {} : { to }),
      ...(data === undefined ? {} : { data }),
    });
  };
  return {
    address: account.address,
    sign,
    async send(what, request, via) {
      const serializedTransaction = await sign(request);
      const client = clients[via % clients.length];
      if (client === undefined) throw new TypeError("a pool has an operator");
      const submittedAtMs = performance.now();
      const hash = await client.sendRawTransaction({ serializedTransaction });
      return { hash: hash as Hex, what, submittedAtMs, acceptedAtMs: performance.now() };
    },
  };
}
