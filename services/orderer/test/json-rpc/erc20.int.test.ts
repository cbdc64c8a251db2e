import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  type RlpItem,
  rlpDecode,
} from "@sequorum/protocol";
import { createMetrics, silentLogger } from "@sequorum/service";
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeAbiParameters,
  encodeFunctionData,
  http,
  parseEther,
  publicActions,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { startJsonRpcServer } from "../../src/json-rpc/server.ts";
import { compileCoin, readProof } from "./erc20.ts";
import { startStfChain } from "./stf-chain.ts";
import { errorOf, rpc } from "./harness.ts";

const bob = `0x${"b0".repeat(20)}` as const;

async function start(t: { after(work: () => Promise<void>): void }) {
  const account = privateKeyToAccount(generatePrivateKey());
  const address = account.address.toLowerCase() as `0x${string}`;
  const { ports, node } = await startStfChain(7_777n, [{ address, balanceWei: parseEther("10") }]);
  const server = await startJsonRpcServer({
    port: 0,
    reader: ports.chain,
    executor: ports.calls,
    pool: ports.pool,
    subscriptions: ports.events,
    node,
    limits: { drainMs: 100 },
    logger: silentLogger,
    metrics: createMetrics("orderer"),
    signal: new AbortController().signal,
  });
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  const chain = defineChain({
    id: 7_777,
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
  return { url, wallet, account };
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
    const receipt = await wallet.waitForTransactionReceipt({ hash });
    assert.equal(receipt.type, fees.type);
    assert.equal(
      receipt.effectiveGasPrice,
      fees.type === "eip1559" ? transaction.gasPrice : 3_000_000_000n,
    );
  }
  const client = createPublicClient({ chain: wallet.chain, transport: http() });
  assert.equal(await client.getBalance({ address: bob }), 15n);
});
