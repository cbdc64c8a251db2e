/**
 * Blocks of 1,000 ERC-20 transfers in the module, in ethereumjs with native recovery, and in anvil, one after another on
 * the same transactions: `node packages/stf/bench/erc20-blocks.ts`. Execution, state root and header, without what a
 * node does when it receives a transaction (decoding, recovering the sender), which is measured by itself.
 */
import { bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import { developmentStakeTokenAbi, developmentStakeTokenBytecode } from "@sequorum/l1";
import { type AnvilServer, startAnvil } from "@sequorum/testkit/servers";
import secp256k1 from "secp256k1";
import { encodeDeployData, encodeFunctionData } from "viem";
import {
  beaconRootsAddress,
  beaconRootsCode,
  createExecutor,
  createMemoryStateStore,
  type ParentBlock,
} from "../src/index.ts";
import { loadModule } from "../src/module.ts";
import { createOracle } from "../test/oracle/executor.ts";
import { oracleCommon } from "../test/oracle/common.ts";
import { parseTransaction } from "../test/oracle/transaction.ts";
import { signTransaction } from "../fuzz/signing.ts";
import { addressOf, createdBy, median, milliseconds, rpc } from "./measure.ts";

const transfersPerBlock = 1_000;
const warmUpBlocks = 2;
const measuredBlocks = 7;
const chainId = 7_777n;
const gasLimit = 200_000_000n;
const feeCap = 100_000_000_000n;
const rules = {
  originDriftSecondsMax: 600,
  blockTransactionBytesMax: 1 << 22,
  transactionBytesMax: 1 << 20,
};

const keys = Array.from({ length: transfersPerBlock }, (_, i) => {
  const key = Buffer.alloc(32, 0x11);
  key.writeUInt32BE(i + 1);
  return key;
});
const holders = keys.map((key) => addressOf(secp256k1.publicKeyCreate(key, false)));
const token = createdBy(holders[0] ?? "0x");

const deployment = sign(0, 0n, null, deployData());
/** The first holder gives all others something to send. */
const distribution = holders
  .slice(1)
  .map((holder, i) => sign(0, BigInt(i + 1), token, transferTo(holder, 10n ** 24n)));
const blocks = Array.from({ length: warmUpBlocks + measuredBlocks }, (_, block) =>
  keys.map((_key, i) => {
    const nonce = BigInt(block + (i === 0 ? 1 + distribution.length : 0));
    return sign(i, nonce, token, transferData(block, i));
  }),
);

await using anvil = await startAnvil({
  args: [
    "--no-mining",
    "--order",
    "fifo",
    "--chain-id",
    String(chainId),
    "--hardfork",
    "cancun",
  ].concat(["--gas-limit", String(gasLimit), "--accounts", "1", "--silent"]),
});
const figures = await run(anvil);
report(figures);

type Figures = Record<"module" | "ethereumjs" | "anvil" | "ingest" | "ethereumjsIngest", number[]>;

async function run(server: AnvilServer): Promise<Figures> {
  const measured: Figures = {
    module: [],
    ethereumjs: [],
    anvil: [],
    ingest: [],
    ethereumjsIngest: [],
  };
  const module = await openModule();
  const ethereumjs = await openEthereumjs();
  await openAnvil(server);
  for (const [i, transactions] of blocks.entries()) {
    const ingest = milliseconds(() => module.ingest(transactions));
    const ours = await module.apply(transactions);
    const theirs = await ethereumjs.apply(transactions);
    const native = await mineOnAnvil(server, transactions);
    if (ours.hash !== theirs.hash) throw new Error("module and ethereumjs make different blocks");
    if (i < warmUpBlocks) continue;
    measured.module.push(ours.ms);
    measured.ethereumjs.push(theirs.ms);
    measured.anvil.push(native);
    measured.ingest.push(ingest);
    measured.ethereumjsIngest.push(ethereumjs.ingest(transactions));
  }
  return measured;
}

async function openModule() {
  const store = createMemoryStateStore();
  const executor = createExecutor({ store, chainId, rules, module: await loadModule() });
  const executed = executor.genesisBlock(genesis());
  store.commit(executed);
  let parent: ParentBlock = {
    header: executed.block.header,
    hash: executed.block.hash,
    originNumber: 0n,
  };
  const apply = async (transactions: readonly Uint8Array[]) => {
    const startedAt = performance.now();
    const made = executor.applyBatchBlock(parent, inputsOn(parent, transactions));
    const ms = performance.now() - startedAt;
    if (made.type !== "executed") throw new Error(`${made.reason} ${made.transaction}`);
    if (made.receipts.some(({ status }) => status !== 1)) throw new Error("a transfer failed");
    store.commit(made);
    parent = { header: made.block.header, hash: made.block.hash, originNumber: made.originNumber };
    return { ms, hash: made.block.hash, gasUsed: made.block.header.gasUsed };
  };
  await apply([deployment]);
  await apply(distribution);
  return {
    apply,
    ingest: (transactions: readonly Uint8Array[]) => {
      for (const raw of transactions) executor.decodeTransaction(raw);
    },
  };
}

async function openEthereumjs() {
  const oracle = createOracle({ chainId, ...rules });
  const genesisBlock = createExecutor({
    store: createMemoryStateStore(),
    chainId,
    module: await loadModule(),
  }).genesisBlock(genesis());
  const { header, hash } = genesisBlock.block;
  const root = await oracle.writeAccounts(genesisAccounts());
  if (root !== header.stateRoot) throw new Error("the states differ");
  let parent: ParentBlock = { header, hash, originNumber: 0n };
  const common = oracleCommon(chainId);
  const parsing = {
    common,
    transactionBytesMax: rules.transactionBytesMax,
    isUnprotectedAllowed: false,
  };
  const apply = async (transactions: readonly Uint8Array[]) => {
    const startedAt = performance.now();
    const made = await oracle.applyBatchBlock(parent, inputsOn(parent, transactions));
    const ms = performance.now() - startedAt;
    if (made.type !== "executed") throw new Error(made.reason);
    parent = { header: made.block.header, hash: made.block.hash, originNumber: made.originNumber };
    return { ms, hash: made.block.hash };
  };
  await apply([deployment]);
  await apply(distribution);
  const ingest = (transactions: readonly Uint8Array[]) =>
    milliseconds(() => {
      for (const raw of transactions) parseTransaction(raw, parsing);
    });
  return { apply, ingest };
}

async function openAnvil({ url }: AnvilServer): Promise<void> {
  const balance = `0x${(10n ** 24n).toString(16)}`;
  for (const holder of holders) await rpc(url, "anvil_setBalance", [holder, balance]);
  await mineOnAnvil({ url }, [deployment]);
  await mineOnAnvil({ url }, distribution);
  const code = await rpc(url, "eth_getCode", [token, "latest"]);
  if (code === "0x") throw new Error("the token is not deployed on anvil");
}

/** Sends everything, then measures the call that mines it. */
async function mineOnAnvil(
  { url }: Pick<AnvilServer, "url">,
  transactions: readonly Uint8Array[],
): Promise<number> {
  for (const raw of transactions) await rpc(url, "eth_sendRawTransaction", [bytesToHex(raw)]);
  const startedAt = performance.now();
  await rpc(url, "evm_mine", []);
  const ms = performance.now() - startedAt;
  const block = await rpc(url, "eth_getBlockByNumber", ["latest", false]);
  const mined = (block as { transactions: unknown[] }).transactions.length;
  if (mined !== transactions.length) throw new Error(`anvil mined ${mined} transactions`);
  return ms;
}

function report(measured: Figures): void {
  const of = (name: keyof Figures) => median(measured[name]);
  const line = (name: string, ms: number, rest = "") =>
    process.stdout.write(
      `${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms a block, ${Math.round((transfersPerBlock / ms) * 1_000)} transfers/s${rest}\n`,
    );
  const ethereumjs = of("ethereumjs") - of("ethereumjsIngest");
  line("module, native precompiles", of("module"));
  line(
    "ethereumjs, native recovery",
    ethereumjs,
    `: the module is ${(ethereumjs / of("module")).toFixed(1)}x as fast`,
  );
  line(
    "anvil (evm_mine)",
    of("anvil"),
    `: the module has ${(of("anvil") / of("module")).toFixed(2)} of its speed`,
  );
  line("module: decoding and recovery", of("ingest"), " before, when a node receives them");
}

function genesis() {
  return {
    timestamp: 1_000n,
    gasLimit,
    baseFeePerGasWei: 1_000_000_000n,
    alloc: holders.map((address) => ({ address, balanceWei: 10n ** 24n })),
  };
}

function genesisAccounts() {
  const plain = { nonce: 0n, storage: [] };
  const contract = {
    address: beaconRootsAddress,
    nonce: 1n,
    balance: 0n,
    code: hexToBytes(beaconRootsCode),
    storage: [],
  };
  return [
    ...holders.map((address) => ({
      ...plain,
      address,
      balance: 10n ** 24n,
      code: new Uint8Array(0),
    })),
    contract,
  ];
}

function inputsOn({ header }: ParentBlock, transactions: readonly Uint8Array[]) {
  return {
    timestamp: header.timestamp + 1n,
    originNumber: 1n,
    originHash: `0x${"a1".repeat(32)}` as Hex,
    originTime: header.timestamp,
    term: 1n,
    coinbase: `0x${"c0".repeat(20)}` as Hex,
    transactions,
    forcedEntries: [],
  };
}

function sign(sender: number, nonce: bigint, to: Hex | null, data: Hex): Uint8Array {
  const gas = to === null ? 150_000_000n : 100_000n;
  const fields = {
    type: 2,
    chainId,
    nonce,
    gasLimit: gas,
    feeCap,
    tip: 1n,
    to,
    value: 0n,
  } as const;
  return signTransaction(
    { ...fields, data: hexToBytes(data), accessList: [] },
    keys[sender] ?? new Uint8Array(32),
  );
}

function deployData(): Hex {
  return encodeDeployData({
    abi: developmentStakeTokenAbi,
    bytecode: developmentStakeTokenBytecode,
    args: [holders.slice(0, 1), [10n ** 30n]],
  });
}

/** Half go to another holder, half to an account that has none yet. */
function transferData(block: number, i: number): Hex {
  const fresh: Hex = `0x${(block * transfersPerBlock + i + 1).toString(16).padStart(40, "f")}`;
  const to = i % 2 === 0 ? (holders[(i + 7 * block + 1) % holders.length] ?? fresh) : fresh;
  return transferTo(to, 1_000n);
}

function transferTo(to: Hex, amount: bigint): Hex {
  const abi = developmentStakeTokenAbi;
  return encodeFunctionData({ abi, functionName: "transfer", args: [to, amount] });
}
