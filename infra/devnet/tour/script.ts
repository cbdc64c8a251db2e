/** The tour's mix of transactions. */
import {
  adminAbi,
  createL1Client,
  developmentStakeTokenAbi,
  developmentStakeTokenBytecode,
  forcedQueueAbi,
} from "@sequorum/l1";
import type { Hex } from "@sequorum/protocol";
import { sleep } from "@sequorum/service";
import {
  type Address,
  createWalletClient,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  http,
  keccak256,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { developmentAccounts } from "../development-accounts.ts";
import type { Devnet } from "../devnet.ts";
import type { L2, SentTransaction, Wallet } from "./traffic.ts";

/** What the script did. */
export type ScriptOutcome = {
  readonly sent: readonly SentTransaction[];
  readonly token: Address;
  /** The transaction that had to fail. */
  readonly failing: Hex;
  /** The transaction that went through the forced queue on L1. */
  readonly forced: Hex;
  /** Token balances that must result. */
  readonly expectedTokens: readonly { readonly holder: Address; readonly amount: bigint }[];
};

/** How long and how much. */
export type ScriptOptions = {
  readonly rounds: number;
  readonly roundMs: number;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
};

const tokenUnit = 10n ** 18n;
const deployGas = 3_000_000n;
const tokenGas = 100_000n;
const transferGas = 21_000n;

/** Runs the mix: an ERC-20 deployed and used, transfers, a failing and a forced transaction. */
export async function runScript(
  devnet: Devnet,
  l2: L2,
  options: ScriptOptions,
): Promise<ScriptOutcome> {
  const wallets = await Promise.all(developmentAccounts.map((account) => l2.wallet(account)));
  const [deployer, second] = wallets;
  if (deployer === undefined || second === undefined) throw new TypeError("there are accounts");
  const sent: SentTransaction[] = [];
  options.note("deploying an OpenZeppelin ERC-20 ...");
  const deployment = await deployer.send(
    "deploy ERC-20",
    { data: tokenCreation(wallets), gas: deployGas },
    0,
  );
  sent.push(deployment);
  const { contractAddress } = await l2.receipt(deployment.hash);
  if (!contractAddress) throw new Error("the token's receipt names no contract");
  options.note("forcing a transaction through L1 ...");
  const forced = await forceTransaction(devnet, wallets.at(-1) ?? second);
  const moved = new Map(wallets.map(({ address }) => [address, 1_000n * tokenUnit]));
  for (let round = 0; round < options.rounds; round++) {
    options.signal.throwIfAborted();
    options.note(
      `round ${round + 1} of ${options.rounds}: transfers of ETH and tokens through every operator ...`,
    );
    const startedAtMs = performance.now();
    const senders = wallets.slice(0, -1);
    const work = { wallets: senders, token: contractAddress, round, moved };
    sent.push(...(await sendRound({ ...work, spreadMs: options.roundMs, signal: options.signal })));
    await sleep(Math.max(0, options.roundMs - (performance.now() - startedAtMs)), options.signal);
  }
  options.note("sending a transaction that must fail ...");
  const tooMuch = tokenTransfer(deployer.address, 10n ** 30n);
  const failing = await second.send(
    "failing transfer",
    { to: contractAddress, data: tooMuch, gas: tokenGas },
    1,
  );
  sent.push(failing);
  const expectedTokens = [...moved].map(([holder, amount]) => ({ holder, amount }));
  return { sent, token: contractAddress, failing: failing.hash, forced, expectedTokens };
}

type Round = {
  readonly wallets: readonly Wallet[];
  readonly token: Address;
  readonly round: number;
  readonly moved: Map<Address, bigint>;
  /** Time over which the wallets start, one after another. */
  readonly spreadMs: number;
  readonly signal: AbortSignal;
};

/** Each wallet sends one transfer of ETH and one of tokens to the next wallet, by an operator that changes every round. */
async function sendRound(work: Round): Promise<SentTransaction[]> {
  const { wallets, token, round, moved, spreadMs, signal } = work;
  const sends = wallets.map(async (wallet, i) => {
    await sleep((spreadMs * i) / wallets.length, signal);
    const to = wallets[(i + 1) % wallets.length]?.address ?? wallet.address;
    const amount = BigInt(round + 1) * tokenUnit + BigInt(i);
    moved.set(wallet.address, (moved.get(wallet.address) ?? 0n) - amount);
    moved.set(to, (moved.get(to) ?? 0n) + amount);
    const via = i + round;
    return [
      await wallet.send("transfer", { to, valueWei: 10n ** 15n, gas: transferGas }, via),
      await wallet.send(
        "ERC-20 transfer",
        { to: token, data: tokenTransfer(to, amount), gas: tokenGas },
        via,
      ),
    ];
  });
  return (await Promise.all(sends)).flat();
}

function tokenCreation(wallets: readonly Wallet[]): Hex {
  return encodeDeployData({
    abi: developmentStakeTokenAbi,
    bytecode: developmentStakeTokenBytecode,
    args: [wallets.map(({ address }) => address), wallets.map(() => 1_000n * tokenUnit)],
  }) as Hex;
}

function tokenTransfer(to: Address, amount: bigint): Hex {
  return encodeFunctionData({
    abi: developmentStakeTokenAbi,
    functionName: "transfer",
    args: [to, amount],
  }) as Hex;
}

/** Signs an L2 transaction and puts it into the forced queue; answers its L2 hash. */
async function forceTransaction({ l1Url, network }: Devnet, wallet: Wallet): Promise<Hex> {
  const raw = await wallet.sign({ to: wallet.address, valueWei: 1n, gas: transferGas });
  const client = createL1Client({ rpcUrl: l1Url, chainId: Number(network.l1ChainId) });
  const payer = privateKeyToAccount(developmentAccounts[0].privateKey);
  const sender = createWalletClient({
    account: payer,
    chain: client.chain,
    transport: http(l1Url),
  });
  const queue = {
    address: getAddress(network.contracts.forcedQueue),
    abi: forcedQueueAbi,
  } as const;
  const { forcedFeeWei } = await client.readContract({
    address: getAddress(network.contracts.admin),
    abi: adminAbi,
    functionName: "rollupParameters",
  });
  const hash = await sender.writeContract({
    ...queue,
    functionName: "enqueue",
    args: [raw],
    value: forcedFeeWei,
  });
  await client.waitForTransactionReceipt({ hash });
  return keccak256(raw) as Hex;
}
