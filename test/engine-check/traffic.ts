/** Transactions that the tour does not have: every type, a full block, and code that stores all it can see of its block. */
import { setTimeout as delay } from "node:timers/promises";
import { developmentAccounts } from "@sequorum/devnet/development-accounts";
import { beaconRootsAddress } from "@sequorum/stf";
import { getContractAddress, type Hex, type TransactionSerializable } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { CallRpc } from "./json-rpc.ts";

const transfersEach = 15;
/** Address of the first of them; those below may be precompiles. */
const firstRecipient = 0x10_000;
const receiptTimeoutMs = 60_000;
const pollMs = 200;

const fees = { maxFeePerGas: 5_000_000_000n, maxPriorityFeePerGas: 1_000_000n };
const gasPrice = fees.maxFeePerGas;

type Sender = { readonly account: PrivateKeyAccount; nonce: number };
type Fields = {
  readonly to?: Hex;
  readonly gas: bigint;
  readonly data?: Hex;
  readonly value?: bigint;
};

/** Sends them to a development pool and waits until all are in blocks. Throws when one does not do what it should. */
export async function sendTraffic(rpc: CallRpc, chainId: bigint): Promise<void> {
  const senders: Sender[] = [];
  for (const { privateKey } of developmentAccounts) {
    const account = privateKeyToAccount(privateKey);
    const nonce = Number(await rpc<Hex>("eth_getTransactionCount", [account.address, "pending"]));
    senders.push({ account, nonce });
  }
  const send = async (sender: Sender, type: number, fields: Fields) => {
    const raw = await sign(sender, Number(chainId), typed(type, fields));
    sender.nonce += 1;
    return rpc<Hex>("eth_sendRawTransaction", [raw]);
  };
  const [deployer] = senders;
  if (deployer === undefined) throw new Error("there are development accounts");
  const contract = getContractAddress({
    from: deployer.account.address,
    nonce: BigInt(deployer.nonce),
  });
  const creation = await send(deployer, 2, { gas: 1_000_000n, data: observerInitcode() });
  await expectStatus(rpc, creation, "0x1");
  const hashes: Hex[] = [];
  for (let i = 0; i < transfersEach; i += 1) {
    for (const [j, sender] of senders.entries()) {
      const to: Hex = `0x${(firstRecipient + i + 100 * j).toString(16).padStart(40, "0")}`;
      hashes.push(await send(sender, (i + j) % 3, { to, gas: 25_000n, value: 7n }));
    }
  }
  for (const type of [0, 1, 2])
    hashes.push(await send(deployer, type, { to: contract, gas: 500_000n }));
  // Its first store does not fit: it fails and is still in the block.
  const failing = await send(deployer, 1, { to: contract, gas: 40_000n });
  for (const hash of hashes) await expectStatus(rpc, hash, "0x1");
  await expectStatus(rpc, failing, "0x0");
}

function typed(type: number, fields: Fields): Partial<TransactionSerializable> {
  if (type === 0) return { ...fields, type: "legacy", gasPrice };
  const accessList = [{ address: beaconRootsAddress, storageKeys: [slot(0), slot(1)] }];
  if (type === 1)
    return {
      ...fields,
      type: "eip2930",
      gasPrice,
      ...(fields.gas > 30_000n ? { accessList } : {}),
    };
  return { ...fields, type: "eip1559", ...fees };
}

function sign(
  { account, nonce }: Sender,
  chainId: number,
  fields: Partial<TransactionSerializable>,
): Promise<Hex> {
  return account.signTransaction({ ...fields, chainId, nonce } as TransactionSerializable);
}

async function expectStatus(rpc: CallRpc, hash: Hex, status: string): Promise<void> {
  const deadline = Date.now() + receiptTimeoutMs;
  for (;;) {
    const receipt = await rpc<{ status: string } | null>("eth_getTransactionReceipt", [hash]);
    if (receipt?.status === status) return;
    if (receipt !== null || Date.now() > deadline)
      throw new Error(`transaction ${hash} has ${receipt?.status ?? "no receipt"}, not ${status}`);
    await delay(pollMs);
  }
}

function slot(index: number): Hex {
  return `0x${index.toString(16).padStart(64, "0")}`;
}

/** Code that stores what it sees of its block, in slots from 0, and logs the last of it. */
function observerInitcode(): Hex {
  const [timestamp, sstore] = ["42", "55"];
  const seen = [
    "4360019003" + "40", // BLOCKHASH of the parent
    timestamp,
    ...["41", "44", "45", "46", "47", "48", "4a"], // coinbase, randao, gas limit, chain id, balance, base fee, blob fee
    "5f49", // BLOBHASH of blob 0
    "475f5d5f5c", // transient storage, there and back
    // The origin's hash: timestamp to memory, EIP-4788 asked, MCOPY of the answer.
    `${timestamp}5f526020602060205f73${beaconRootsAddress.slice(2)}5afa506020602060405e604051`,
  ];
  const stores = seen.map(
    (code, index) => `${code}60${index.toString(16).padStart(2, "0")}${sstore}`,
  );
  const runtime = `${stores.join("")}604260205fa100`;
  const length = (runtime.length / 2).toString(16).padStart(4, "0");
  return `0x61${length}80600a5f395ff3${runtime}`;
}
