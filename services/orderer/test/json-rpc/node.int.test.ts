import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  type RlpItem,
  rlpDecode,
} from "@sequorum/protocol";
import { createMetrics, silentLogger } from "@sequorum/service";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeAbiParameters,
  encodeFunctionData,
  FeeCapTooLowError,
  http,
  InsufficientFundsError,
  IntrinsicGasTooLowError,
  NonceTooLowError,
  parseEther,
  publicActions,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { startJsonRpcServer } from "../../src/json-rpc/server.ts";
import { nodeInfo } from "../../src/shell/node-info.ts";
import {
  certifyHead,
  confirmOrigin,
  keyOf,
  l2ChainId,
  startTerm,
  startTestNode,
  testNetwork,
} from "../network.ts";
import { compileCoin, readProof } from "./erc20.ts";
import { errorOf, openWebSocket, resultOf, rpc, until } from "./harness.ts";

const bob = `0x${"b0".repeat(20)}` as const;

let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

/** A node on a real Postgres that leads its own chain, its JSON-RPC server, and a wallet with funds. */
async function start(t: TestContext) {
  const node = await startTestNode({
    network: testNetwork(1, { blockIntervalMs: 200 }),
    postgresUrl: await postgres.createDatabase(),
    key: keyOf(9),
  });
  t.after(() => node.stop());
  await confirmOrigin(node, 1n);
  await startTerm(node, 1n, node.self);
  const server = await startJsonRpcServer({
    port: 0,
    reader: node.chain,
    executor: node.calls,
    pool: node.pool,
    subscriptions: node.events,
    node: nodeInfo("test", node),
    limits: { drainMs: 100 },
    logger: silentLogger,
    metrics: createMetrics("orderer"),
    signal: new AbortController().signal,
  });
  t.after(() => server.close());
  const account = privateKeyToAccount(bytesToHex(keyOf(0)));
  const url = `http://127.0.0.1:${server.port}`;
  const chain = defineChain({
    id: Number(l2ChainId),
    name: "L2",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const wallet = createWalletClient({
    account,
    chain,
    transport: http(url, { retryCount: 0 }),
    pollingInterval: 10,
  }).extend(publicActions);
  return { url, wallet, account, node, wsUrl: `ws://127.0.0.1:${server.port}` };
}

test("a token is deployed, moved, queried, proved and refuses, all by viem", async (t) => {
  const { url, wallet, account } = await start(t);
  const { abi, bytecode } = compileCoin();
  const deployment = await wallet.deployContract({ abi, bytecode, args: [account.address] });
  const { contractAddress, status } = await wallet.waitForTransactionReceipt({ hash: deployment });
  assert.equal(status, "success");
  assert.ok(contractAddress);
  const coin = { address: contractAddress, abi } as const;
  assert.match((await wallet.getCode({ address: contractAddress })) ?? "0x", /^0x[0-9a-f]{100,}$/);

  const hash = await wallet.writeContract({
    ...coin,
    functionName: "transfer",
    args: [bob, parseEther("3")],
  });
  const receipt = await wallet.waitForTransactionReceipt({ hash });
  assert.equal(receipt.logs.length, 1);
  assert.equal(
    await wallet.readContract({ ...coin, functionName: "balanceOf", args: [bob] }),
    parseEther("3"),
  );
  const logs = await wallet.getContractEvents({
    ...coin,
    eventName: "Transfer",
    args: { to: bob },
    fromBlock: 0n,
  });
  assert.deepEqual(
    logs.map(({ transactionHash }) => transactionHash),
    [hash],
  );
  const list = await wallet.createAccessList({ to: contractAddress, data: "0x18160ddd" });
  assert.equal(list.accessList[0]?.storageKeys.length, 1);
  await checkProofs(wallet, contractAddress);
  await checkReverts({ url, wallet, coin });
});

type Wallet = Awaited<ReturnType<typeof start>>["wallet"];
type Coin = { readonly address: Hex; readonly abi: Abi };

async function checkProofs(wallet: Wallet, contractAddress: Hex): Promise<void> {
  const slot = keccak256(
    encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [bob, 0n]),
  );
  const block = await wallet.getBlock();
  const proof = await wallet.getProof({
    address: contractAddress,
    storageKeys: [slot],
    blockNumber: block.number,
  });
  const leaf = readProof(block.stateRoot, contractAddress, proof.accountProof);
  assert.ok(leaf);
  const [nonce, , storageRoot] = rlpDecode(hexToBytes(leaf)) as readonly RlpItem[];
  assert.deepEqual(nonce, Uint8Array.of(1));
  assert.equal(bytesToHex(storageRoot as Uint8Array), proof.storageHash);
  const value = readProof(proof.storageHash, slot, proof.storageProof[0]?.proof ?? []);
  assert.equal(
    BigInt(bytesToHex(rlpDecode(hexToBytes(value ?? "0x80")) as Uint8Array)),
    parseEther("3"),
  );
  const nobody = `0x${"99".repeat(20)}` as const;
  const absence = await wallet.getProof({ address: nobody, storageKeys: [] });
  assert.equal(readProof(block.stateRoot, nobody, absence.accountProof), undefined);
}

async function checkReverts({
  url,
  wallet,
  coin,
}: {
  url: string;
  wallet: Wallet;
  coin: Coin;
}): Promise<void> {
  const { abi, address } = coin;
  const revert = await wallet
    .readContract({ ...coin, functionName: "refuse" })
    .catch((error: unknown) => error);
  assert.ok(revert instanceof BaseError);
  const reverted = revert.walk((cause) => cause instanceof ContractFunctionRevertedError);
  assert.equal((reverted as ContractFunctionRevertedError).reason, "not today");
  const refuse = encodeFunctionData({ abi, functionName: "refuse" });
  const estimated = errorOf(await rpc(url, "eth_estimateGas", [{ to: address, data: refuse }]));
  assert.equal(estimated.code, 3);
  const failing = await wallet.writeContract({ ...coin, functionName: "refuse", gas: 100_000n });
  assert.equal((await wallet.waitForTransactionReceipt({ hash: failing })).status, "reverted");
}

test("transfers of every type round-trip: what is read back is what was signed", async (t) => {
  const { wallet, account } = await start(t);
  for (const fees of [
    { type: "legacy", gasPrice: 3_000_000_000n },
    {
      type: "eip2930",
      gasPrice: 3_000_000_000n,
      accessList: [{ address: bob, storageKeys: [`0x${"01".repeat(32)}`] }],
    },
    { type: "eip1559", maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1_000n },
  ] as const) {
    const hash = await wallet.sendTransaction({
      to: bob,
      value: 5n,
      gas: 30_000n,
      ...fees,
    } as never);
    const receipt = await wallet.waitForTransactionReceipt({ hash });
    const transaction = await wallet.getTransaction({ hash });
    assert.deepEqual(
      [transaction.hash, transaction.type, transaction.from, transaction.value],
      [hash, fees.type, account.address.toLowerCase(), 5n],
    );
    const raw = await wallet.request({
      method: "eth_getRawTransactionByHash" as never,
      params: [hash] as never,
    });
    assert.equal(keccak256(raw as `0x${string}`), hash);
    assert.equal(receipt.type, fees.type);
    assert.equal(
      receipt.effectiveGasPrice,
      fees.type === "eip1559" ? transaction.gasPrice : 3_000_000_000n,
    );
  }
  const client = createPublicClient({ chain: wallet.chain, transport: http() });
  assert.equal(await client.getBalance({ address: bob }), 15n);
});

test("a transaction is pending, soft, then certified, and subscribers hear of it", async (t) => {
  const { url, wsUrl, wallet, node } = await start(t);
  const { request, received } = await openWebSocket(t, wsUrl);
  for (const name of ["newHeads", "newPendingTransactions"]) await request("eth_subscribe", [name]);
  const confirmation = async (hash: Hex) =>
    resultOf(await rpc(url, "sequorum_getConfirmation", [hash])) as { level: string };
  const hash = await wallet.sendTransaction({ to: bob, value: 1n });
  assert.match((await confirmation(hash)).level, /^(?:pending|soft)$/);
  const { blockNumber } = await wallet.waitForTransactionReceipt({ hash });
  assert.equal((await confirmation(hash)).level, "soft");
  await certifyHead(node, [node]);
  await until(async () => (await confirmation(hash)).level === "quorum");
  assert.equal((await wallet.getBlock({ blockTag: "safe" })).number, 0n);
  const notices = received as { params?: { result: string | { number: string } } }[];
  const results = await until(() => {
    const all = notices.flatMap(({ params }) => (params === undefined ? [] : [params.result]));
    return all.length >= 2 && all;
  });
  assert.ok(results.includes(hash));
  assert.ok(
    results.some((result) => typeof result === "object" && BigInt(result.number) === blockNumber),
  );
});

test("a refused transaction is refused in words that viem knows", async (t) => {
  const { wallet } = await start(t);
  await wallet.waitForTransactionReceipt({
    hash: await wallet.sendTransaction({ to: bob, value: 1n }),
  });
  const send = (fields: object) =>
    wallet.sendTransaction({ to: bob, gas: 21_000n, ...fields } as never).then(
      () => assert.fail("it was taken"),
      (error: unknown) =>
        error instanceof BaseError
          ? error.walk(
              (cause) => cause instanceof BaseError && cause.name !== "TransactionExecutionError",
            )
          : error,
    );
  assert.ok((await send({ nonce: 0 })) instanceof NonceTooLowError);
  assert.ok((await send({ value: parseEther("1000000000") })) instanceof InsufficientFundsError);
  assert.ok(
    (await send({ maxFeePerGas: 1n, maxPriorityFeePerGas: 1n })) instanceof FeeCapTooLowError,
  );
  assert.ok((await send({ gas: 20_000n })) instanceof IntrinsicGasTooLowError);
});
