/** BlockchainTests: chains of valid blocks; every field of every header must come out. */
import { type Hex, type RlpItem, rlpDecode, rlpEncode } from "@sequorum/protocol";
import type { Engine, ReplayResult, ReplayTask, Withdrawal } from "./engine.ts";
import { compare, type Outcome, type Subject, type Suite } from "./suite.ts";
import { accounts, bytes, type Fields, fields, fixed, integer, list, text } from "./values.ts";

/** The suite. */
export const blockchainTests: Suite = { name: "BlockchainTests", folder: "BlockchainTests", run };

async function* run(content: unknown, { engine, isWanted }: Subject): AsyncGenerator<Outcome> {
  for (const [name, value] of Object.entries(fields(content))) {
    if (!isWanted(name)) continue;
    const test = fields(value);
    const reason = exclusion(test);
    yield reason === undefined
      ? await runChain(name, test, engine)
      : { name, status: "excluded", reason };
  }
}

function exclusion(test: Fields): string | undefined {
  if (test["network"] !== "Cancun") return "The chain's rules are not Cancun's.";
  const blocks = list(test["blocks"]).map(fields);
  if (blocks.some((block) => block["expectException"] !== undefined)) {
    return "The chain contains blocks that are invalid on purpose, which replay() does not judge.";
  }
  const transactions = blocks.flatMap((block) => list(block["transactions"]).map(fields));
  if (transactions.some((transaction) => transaction["blobVersionedHashes"] !== undefined)) {
    return "Blob transactions are refused on L2, whatever else is right or wrong with them.";
  }
  return undefined;
}

async function runChain(name: string, test: Fields, engine: Engine): Promise<Outcome> {
  let stateRoot = await engine.genesis(accounts(test["pre"]));
  const genesis = fields(test["genesisBlockHeader"]);
  const hashes = [fixed(genesis["hash"], 32)];
  const genesisRoot = fixed(genesis["stateRoot"], 32);
  if (stateRoot !== genesisRoot) {
    return compare(name, `genesis root ${genesisRoot}`, `genesis root ${stateRoot}`);
  }
  for (const value of list(test["blocks"])) {
    const block = fields(value);
    const header = fields(block["blockHeader"]);
    const result = await engine.replay(taskOf({ block, header, stateRoot, hashes }));
    const isHashOurs = integer(header["excessBlobGas"]) === 0n;
    const expected = describeExpected(header, isHashOurs);
    const actual = describe(result, isHashOurs);
    if (expected !== actual) return compare(name, expected, actual);
    stateRoot = fixed(header["stateRoot"], 32);
    hashes.unshift(fixed(header["hash"], 32));
  }
  return compare(name, fixed(test["lastblockhash"], 32), hashes[0] ?? "none");
}

const comparedFields = [
  "hash",
  "stateRoot",
  "transactionsRoot",
  "receiptsRoot",
  "withdrawalsRoot",
  "logsBloom",
  "gasUsed",
] as const;

function describeExpected(header: Fields, isHashOurs: boolean): string {
  const { transactionsTrie, receiptTrie, bloom, hash } = header;
  const values: Record<string, Hex> = {
    ...(isHashOurs ? { hash: fixed(hash, 32) } : {}),
    stateRoot: fixed(header["stateRoot"], 32),
    transactionsRoot: fixed(transactionsTrie, 32),
    receiptsRoot: fixed(receiptTrie, 32),
    withdrawalsRoot: fixed(header["withdrawalsRoot"], 32),
    logsBloom: fixed(bloom, 256),
  };
  return render({ ...values, gasUsed: integer(header["gasUsed"]) });
}

/** A header with excess blob gas cannot be made on L2; all else of it can be compared. */
function describe(result: ReplayResult, isHashOurs: boolean): string {
  if (result.type === "refused") return `transaction ${result.index} refused: ${result.fault}`;
  return render(isHashOurs ? result : { ...result, hash: undefined });
}

function render(values: { readonly [name: string]: unknown }): string {
  return comparedFields
    .filter((field) => values[field] !== undefined)
    .map((field) => `${field} ${String(values[field])}`)
    .join(", ");
}

type Step = {
  readonly block: Fields;
  readonly header: Fields;
  readonly stateRoot: Hex;
  /** Newest first, down to genesis. */
  readonly hashes: readonly Hex[];
};

function taskOf({ block, header, stateRoot, hashes }: Step): ReplayTask {
  const parts = rlpDecode(bytes(block["rlp"]));
  const [, transactions, , withdrawals] = items(parts);
  return {
    chainId: 1n,
    stateRoot,
    environment: {
      parentHash: fixed(header["parentHash"], 32),
      number: integer(header["number"]),
      timestamp: integer(header["timestamp"]),
      gasLimit: integer(header["gasLimit"]),
      coinbase: fixed(header["coinbase"], 20),
      prevRandao: fixed(header["mixHash"], 32),
      baseFeePerGas: integer(header["baseFeePerGas"]),
      originHash: fixed(header["parentBeaconBlockRoot"], 32),
      extraData: `0x${text(header["extraData"]).slice(2)}`,
    },
    ancestors: hashes.slice(0, 256),
    withdrawals: items(withdrawals).map(withdrawalOf),
    transactions: items(transactions).map((item) =>
      item instanceof Uint8Array ? item : rlpEncode(item),
    ),
    isUnprotectedAllowed: true,
    isBuilding: false,
  };
}

function withdrawalOf(item: RlpItem): Withdrawal {
  const [index, validator, address, amountGwei] = items(item).map(content);
  return {
    index: integer(index),
    validator: integer(validator),
    address: fixed(address, 20),
    amountGwei: integer(amountGwei),
  };
}

function items(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new TypeError("expected a list");
  return item;
}

function content(item: RlpItem): string {
  if (!(item instanceof Uint8Array)) throw new TypeError("expected bytes");
  return `0x${Buffer.from(item).toString("hex")}`;
}
