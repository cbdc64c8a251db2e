// The contracts on a real anvil, with everything that is signed made by packages/protocol.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type BatchHeader,
  batchDigest,
  type ContractAddresses,
  chunkRoot,
  defaultParameters,
  encodeFrostProof,
  epochUpdateDigest,
  frostSchemeId,
  type Hex,
  hexToBytes,
  keccak256,
  membersHash,
  merkleRoot,
  privateKeyToPublicKey,
  quorum,
  type SigningDomain,
  schnorrChallenge,
  signDigest,
  zeroHash,
} from "@sequorum/protocol";
import { startAnvil } from "@sequorum/testkit/servers";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Abi, createWalletClient, getAddress, http, type TransactionReceipt } from "viem";
import { privateKeyToAccount, publicKeyToAddress } from "viem/accounts";
import { openDeployClient, type DeployClient } from "../src/deploy-transactions.ts";
import {
  deployContracts,
  type DeployOptions,
  epochRegistryAbi,
  forcedQueueAbi,
  type Member,
  readMembers,
  rollupChainAbi,
  timelockAbi,
} from "../src/index.ts";

const deployerPrivateKey: Hex =
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const METIS = 10n ** 18n;
const MEMBERS = 5;
const l2ChainId = 59_902n;
const genesisHash = keccak256("0x67656e65736973");

type Anvil = Awaited<ReturnType<typeof startAnvil>>;
let anvil: Anvil;
let client: DeployClient;
before(async () => {
  anvil = await startAnvil({ args: ["--block-time", "1"] });
  client = await openDeployClient(anvil.url);
});
after(() => anvil.stop());

test("a network is deployed, its pool registers a key and posts batches", async () => {
  const startedAtMs = performance.now();
  const { contracts, l1ChainId, genesisL1Block } = await deployContracts(options(anvil.url));
  const durationMs = performance.now() - startedAtMs;
  assert.ok(durationMs < 5_000, `deployment took ${durationMs} ms`);

  const members = await readMembers(client, { contracts }, genesisL1Block);
  assert.deepEqual(
    members.map(({ owner }) => owner),
    operatorKeys.map(({ owner }) => owner),
  );
  assert.deepEqual(
    members.map(({ publicKey }) => publicKey),
    operatorKeys.map(({ sequencer }) => privateKeyToPublicKey(hexToBytes(sequencer))),
  );
  assert.deepEqual(
    members.map(({ stakeWei }) => stakeWei),
    operatorKeys.map((_, i) => BigInt(20_000 + i) * METIS),
  );
  assert.equal(members[3]?.networkIdentity.feedEndpoint, "127.0.0.1:7003");
  assert.equal(
    (await readMembers(client, { contracts }, genesisL1Block - 1n)).length < MEMBERS,
    true,
  );

  const domain = { l1ChainId, rollupChain: contracts.rollupChain };
  await registerFirstEpoch(contracts, domain, members);
  await send(contracts.forcedQueue, forcedQueueAbi, "enqueue", ["0x02c0ffee"], 10n ** 14n);
  const first = await submitBatch(contracts, domain, undefined);
  await submitBatch(contracts, domain, first);
  const head = await client.readContract({
    address: getAddress(contracts.rollupChain),
    abi: rollupChainAbi,
    functionName: "head",
  });
  assert.deepEqual([head.index, head.lastBlock, head.queueTo], [2n, 20n, 1n]);
});

test("the deployer holds no role on the timelock but the one to propose", async () => {
  const admin = privateKeyToAccount(operatorKeys[0]?.ownerKey ?? "0x").address;
  const { contracts } = await deployContracts({ ...options(anvil.url), adminAddress: admin });
  const timelock = { address: getAddress(contracts.timelock), abi: timelockAbi } as const;
  const deployer = privateKeyToAccount(deployerPrivateKey).address;
  const roles = [
    zeroHash,
    ...(await Promise.all([
      client.readContract({ ...timelock, functionName: "PROPOSER_ROLE" }),
      client.readContract({ ...timelock, functionName: "CANCELLER_ROLE" }),
    ])),
  ];
  for (const role of roles) {
    assert.equal(
      await client.readContract({ ...timelock, functionName: "hasRole", args: [role, deployer] }),
      false,
      role,
    );
  }
  assert.equal(
    await client.readContract({
      ...timelock,
      functionName: "hasRole",
      args: [roles[1] ?? "0x", admin],
    }),
    true,
  );
  assert.equal(await client.readContract({ ...timelock, functionName: "getMinDelay" }), 1n);
});

const operatorKeys = Array.from({ length: MEMBERS }, (_, i) => {
  const ownerKey = keccak256(new TextEncoder().encode(`owner ${i}`));
  const sequencer = keccak256(new TextEncoder().encode(`sequencer ${i}`));
  return { ownerKey, owner: privateKeyToAccount(ownerKey).address.toLowerCase() as Hex, sequencer };
});

function options(rpcUrl: string): DeployOptions {
  return {
    rpcUrl,
    deployerPrivateKey,
    parameters: defaultParameters,
    l2Genesis: { chainId: l2ChainId, blockHash: genesisHash, stateRoot: zeroHash, timestamp: 1n },
    funding: operatorKeys.map(({ owner }) => ({ address: owner, amountWei: 10n ** 18n })),
    operators: operatorKeys.map(({ ownerKey, sequencer }, i) => ({
      ownerPrivateKey: ownerKey,
      sequencerPublicKey: privateKeyToPublicKey(hexToBytes(sequencer)),
      stakeWei: BigInt(20_000 + i) * METIS,
      signKeyProof: (digest) => signDigest(hexToBytes(sequencer), digest),
      networkIdentity: {
        feedEndpoint: `127.0.0.1:700${i}`,
        feedCertificate: `0x30${"ab".repeat(400)}0${i}`,
        consensusEndpoint: `127.0.0.1:710${i}`,
        consensusCertificate: `0x31${"cd".repeat(400)}0${i}`,
        mpcMultiaddr: `/ip4/127.0.0.1/tcp/720${i}/p2p/peer${i}`,
      },
    })),
  };
}

// The group key as one secret: what FROST makes together, this makes alone.
const groupSecret = evenSecret(BigInt(keccak256("0x6b6579")) % secp256k1.Point.Fn.ORDER);
const groupKey =
  `0x${secp256k1.Point.BASE.multiply(groupSecret).toAffine().x.toString(16).padStart(64, "0")}` as Hex;

function evenSecret(secret: bigint): bigint {
  const { Fn, BASE } = secp256k1.Point;
  return BASE.multiply(secret).toAffine().y % 2n === 0n ? secret : Fn.neg(secret);
}

function prove(digest: Hex): Hex {
  const { Fn, BASE } = secp256k1.Point;
  const k = BigInt(keccak256(digest)) % Fn.ORDER;
  const r = publicKeyToAddress(`0x${BASE.multiply(k).toHex(false)}`).toLowerCase() as Hex;
  const e = schnorrChallenge(hexToBytes(groupKey), hexToBytes(digest), hexToBytes(r));
  const s = Fn.add(k, Fn.mul(e, groupSecret));
  const endorsements = operatorKeys
    .map(({ sequencer }, index) => ({
      index,
      signature: signDigest(hexToBytes(sequencer), digest),
    }))
    .slice(1);
  return encodeFrostProof({
    signature: { r, s: `0x${s.toString(16).padStart(64, "0")}` },
    endorsements,
  });
}

async function registerFirstEpoch(
  contracts: ContractAddresses,
  domain: SigningDomain,
  members: readonly Member[],
) {
  const addresses = members.map(({ address }) => address);
  const update = {
    epoch: 1n,
    schemeId: frostSchemeId,
    threshold: quorum(members.length),
    membersHash: membersHash(addresses),
    groupKeyHash: keccak256(groupKey),
    previousUpdateHash: zeroHash,
  };
  const proof = prove(epochUpdateDigest(update, domain));
  await send(contracts.epochRegistry, epochRegistryAbi, "registerFirstEpoch", [
    update,
    addresses,
    groupKey,
    proof,
  ]);
}

async function submitBatch(
  contracts: ContractAddresses,
  domain: SigningDomain,
  parent: BatchHeader | undefined,
) {
  const data = new Uint8Array(5_000).fill(7);
  const origin = await client.getBlock({ blockTag: "latest" });
  const firstBlock = (parent?.lastBlock ?? 0n) + 1n;
  const header: BatchHeader = {
    version: 1,
    stfVersion: 1,
    chainId: l2ChainId,
    index: (parent?.index ?? 0n) + 1n,
    parentHash: parent === undefined ? zeroHash : batchDigest(parent, domain),
    firstBlock,
    lastBlock: firstBlock + 9n,
    parentBlockHash: parent?.lastBlockHash ?? genesisHash,
    lastBlockHash: keccak256(hexToBytes(`0x0${firstBlock % 9n}`)),
    postStateRoot: zeroHash,
    blockRoot: merkleRoot([genesisHash]),
    daKind: 1,
    daSize: data.length,
    daRoot: chunkRoot(data),
    queueFrom: parent?.queueTo ?? 0n,
    queueTo: 1n,
    l1OriginNumber: origin.number,
    l1OriginHash: origin.hash,
    epoch: 1n,
    proposer: zeroHash.slice(0, 42) as Hex,
    timestamp: (parent?.timestamp ?? 1n) + 1n,
  };
  const digest = batchDigest(header, domain);
  const args = [header, `0x${Buffer.from(data).toString("hex")}`, prove(digest)];
  const receipt = await send(contracts.rollupChain, rollupChainAbi, "submitBatch", args);
  assert.equal(receipt.logs[0]?.topics[2], digest, "L1 and TypeScript agree on the batch hash");
  return header;
}

async function send(
  to: Hex,
  abi: Abi,
  functionName: string,
  args: unknown[],
  value = 0n,
): Promise<TransactionReceipt> {
  const wallet = createWalletClient({
    account: privateKeyToAccount(deployerPrivateKey),
    chain: client.chain,
    transport: http(anvil.url),
  });
  const hash = await wallet.writeContract({
    address: getAddress(to),
    abi,
    functionName,
    args,
    value,
  });
  const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 50 });
  assert.equal(receipt.status, "success", functionName);
  return receipt;
}
