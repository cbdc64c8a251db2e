/** Runs a case on both and names what differs first. */
import { type Hex, keccak256, zeroHash } from "@sequorum/protocol";
import { emptyTrieRoot, encodeExtraData, hashHeader } from "../src/header.ts";
import type {
  BlockHeader,
  BlockInputs,
  BuiltBlock,
  CallRequest,
  CallResult,
  NotIncludable,
  ParentBlock,
} from "../src/types.ts";
import type { OracleBlock } from "../test/oracle/executor.ts";
import type { CallPlan, FuzzCase, StartPlan } from "./case.ts";
import type { Subject } from "./subjects.ts";

/** Where they differ, and how. */
export type Difference = {
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
};

/** The oracle and what is compared with it. */
export type Subjects = {
  readonly oracle: Subject<OracleBlock>;
  readonly module: Subject<BuiltBlock>;
};

/** One block in so many is also made of all transactions, although some cannot be included. */
const strictEvery = 8;

/** The first difference, or undefined. */
export async function runCase(
  { accounts, start, blocks, calls }: FuzzCase,
  { oracle, module }: Subjects,
): Promise<Difference | undefined> {
  oracle.reset();
  module.reset();
  const expectedRoot = await oracle.writeAccounts(accounts);
  const root = await attempt(() => module.writeAccounts(accounts));
  if (root !== expectedRoot)
    return { where: "genesis", expected: expectedRoot, actual: String(root) };
  let parent = startChain(start, expectedRoot, { oracle, module });
  for (const [i, block] of blocks.entries()) {
    const inputs = inputsOf(parent, block);
    const expected = await oracle.build(parent, inputs);
    const actual = await attempt(() => module.build(parent, inputs));
    const difference = compare(`block ${i}`, described(expected), described(actual));
    if (difference !== undefined) return difference;
    if (expected.type !== "executed") return undefined;
    if (expected.leftOut.length > 0 && block.timestampStep % strictEvery === 0) {
      const refused = described(await oracle.apply(parent, inputs));
      const also = described(await attempt(() => module.apply(parent, inputs)));
      const otherwise = compare(`block ${i}, nothing left out`, refused, also);
      if (otherwise !== undefined) return otherwise;
    }
    const { header, hash } = expected.block;
    parent = { header, hash, originNumber: inputs.originNumber };
  }
  for (const [i, plan] of calls.entries()) {
    const request = callRequest(plan);
    const expected = await oracle.call(parent.header, request);
    const actual = await attempt(() => module.call(parent.header, request));
    const difference = compare(`call ${i}`, describedCall(expected), describedCall(actual));
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** The module's own exceptions are differences too. */
async function attempt<Result>(run: () => Promise<Result> | Result): Promise<Result | Error> {
  try {
    return await run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Headers up to the parent of the first block; their number is what BLOCKHASH can reach. */
function startChain(start: StartPlan, stateRoot: Hex, subjects: Subjects): ParentBlock {
  let header: BlockHeader = startHeader(start, stateRoot, 0n);
  let hash = hashHeader(header);
  for (let number = 1; number <= start.number; number++) {
    subjects.oracle.addHeader(hash, header);
    subjects.module.addHeader(hash, header);
    header = { ...startHeader(start, stateRoot, BigInt(number)), parentHash: hash };
    hash = hashHeader(header);
  }
  subjects.module.addHeader(hash, header);
  return { header, hash, originNumber: 10n };
}

function startHeader(start: StartPlan, stateRoot: Hex, number: bigint): BlockHeader {
  const { gasLimit, gasUsed, baseFeePerGas, timestamp, prevRandao } = start;
  return {
    parentHash: zeroHash,
    coinbase: `0x${"cb".repeat(20)}`,
    stateRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: `0x${"0".repeat(512)}`,
    number,
    gasLimit,
    gasUsed,
    timestamp,
    extraData: encodeExtraData(1n, 5n),
    prevRandao,
    baseFeePerGas,
    withdrawalsRoot: emptyTrieRoot,
    originHash: keccak256(Uint8Array.of(10)),
    term: 1n,
    queuePosition: 5n,
  };
}

function inputsOf(parent: ParentBlock, block: FuzzCase["blocks"][number]): BlockInputs {
  const timestamp = parent.header.timestamp + BigInt(block.timestampStep);
  const originNumber = parent.originNumber + (block.hasNewOrigin ? 1n : 0n);
  const first = parent.header.queuePosition;
  return {
    timestamp,
    originNumber,
    originHash: keccak256(Uint8Array.of(Number(originNumber))),
    originTime: timestamp - 1n,
    term: parent.header.term + BigInt(block.termStep),
    coinbase: block.coinbase,
    transactions: block.transactions,
    forcedEntries: block.forced.map((transaction, i) => ({
      position: first + BigInt(i),
      l1BlockNumber: originNumber,
      transaction,
    })),
  };
}

function callRequest({ value, overrides, ...request }: CallPlan): CallRequest {
  return { ...request, valueWei: value, overrides: Object.fromEntries(overrides) };
}

/** Part by part, what matters most to a reader first. */
type Description = readonly (readonly [part: string, text: string])[];

function compare(
  where: string,
  expected: Description,
  actual: Description,
): Difference | undefined {
  const length = Math.max(expected.length, actual.length);
  for (let i = 0; i < length; i++) {
    const [part, text] = expected[i] ?? ["end", "nothing"];
    const [otherPart, otherText] = actual[i] ?? ["end", "nothing"];
    if (part === otherPart && isSame(part, text, otherText)) continue;
    return { where: `${where}, ${part}`, expected: text, actual: `${otherPart}: ${otherText}` };
  }
  return undefined;
}

/** Which of two faults a refused transaction has is the oracle's accident when it cannot be decoded. */
function isSame(part: string, expected: string, actual: string): boolean {
  if (expected === actual) return true;
  if (part === "accessed") return isWithin(actual, expected);
  return (
    (part.startsWith("left out") || part === "fault") && departures.has(`${actual} for ${expected}`)
  );
}

/** The oracle also lists the address of an instruction that could not pay for its memory; the module never gets there. */
function isWithin(items: string, all: string): boolean {
  const known = new Set(all.split(" "));
  return items === "" || items.split(" ").every((item) => known.has(item));
}

const departures: ReadonlySet<string> = new Set([
  "MALFORMED for NONCE_MAX",
  "MALFORMED for WRONG_CHAIN_ID",
  "INSUFFICIENT_FUNDS for NONCE_MAX",
  "INSUFFICIENT_FUNDS for MALFORMED",
  "BAD_SIGNATURE for NONCE_MAX",
  "BAD_SIGNATURE for MALFORMED",
  "WRONG_CHAIN_ID for MALFORMED",
]);

function described(result: BuiltBlock | OracleBlock | NotIncludable | Error): Description {
  if (result instanceof Error) return [["error", result.stack ?? result.message]];
  if (result.type === "notIncludable") {
    return [
      ["faulty transaction", String(result.transaction)],
      ["fault", result.reason],
    ];
  }
  const { block, receipts, leftOut, forcedCount, skippedPositions, senders } = result;
  return [
    ...leftOut.map(({ hash, reason }) => [`left out ${hash}`, reason] as const),
    ["skipped", skippedPositions.join()],
    ["forced", String(forcedCount)],
    ...receipts.flatMap((receipt, i) =>
      Object.entries(receipt)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => [`receipt ${i} ${name}`, json(value)] as const),
    ),
    ["senders", json([...senders].sort(([a], [b]) => (a < b ? -1 : 1)))],
    ...Object.entries(block.header)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, String(value)] as const),
    ["hash", block.hash],
    ["transactions", block.transactions.map((raw) => Buffer.from(raw).toString("hex")).join()],
  ];
}

function describedCall(result: CallResult | Error): Description {
  if (result instanceof Error) return [["error", result.stack ?? result.message]];
  return [
    ["type", result.type],
    ["gas used", String(result.gasUsed)],
    ["data", "data" in result ? Buffer.from(result.data).toString("hex") : ""],
    ["accessed", accessedItems(result).sort().join(" ")],
  ];
}

function accessedItems({ accessed = [] }: CallResult): string[] {
  return accessed.flatMap(({ address, storageKeys }) => [
    address,
    ...storageKeys.map((key) => `${address}:${key}`),
  ]);
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "bigint" ? inner.toString() : inner,
  );
}
