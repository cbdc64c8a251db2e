/** GeneralStateTests: one transaction on a pre-state; the state root and the hash of the logs afterwards are given. */
import { type Hex, hexToBytes, keccak256, rlpEncode } from "@sequorum/protocol";
import type { Receipt } from "../src/types.ts";
import type { Engine, ReplayResult, ReplayTask } from "./engine.ts";
import { isExpectedFault } from "./exceptions.ts";
import { compare, type Outcome, type Subject, type Suite } from "./suite.ts";
import { accounts, bytes, type Fields, fields, fixed, integer, list, text } from "./values.ts";

const zeroHash: Hex = `0x${"0".repeat(64)}`;
const fork = "Cancun";
/** EIP-4844: BLOB_BASE_FEE_UPDATE_FRACTION. */
const blobBaseFeeUpdateFraction = 3_338_477n;
/** Far above any block's gas. */
const roundsMax = 1_000_000_000;

/** The suite. */
export const stateTests: Suite = { name: "GeneralStateTests", folder: "GeneralStateTests", run };

async function* run(
  content: unknown,
  { engine, isWanted, isPatient }: Subject,
): AsyncGenerator<Outcome> {
  for (const [testName, value] of Object.entries(fields(content))) {
    const test = fields(value);
    const forks = fields(test["post"]);
    for (const [name, entries] of Object.entries(forks)) {
      if (name === fork || fork in forks || !isWanted(testName)) continue;
      for (const _ of list(entries)) {
        const reason = `The test has no ${fork} expectation.`;
        yield { name: `${testName} ${name}`, status: "excluded", reason };
      }
    }
    yield* runEntries(testName, test, { engine, isWanted, isPatient });
  }
}

async function* runEntries(
  testName: string,
  test: Fields,
  { engine, isWanted, isPatient }: Omit<Subject, "file">,
): AsyncGenerator<Outcome> {
  let stateRoot: Hex | undefined;
  for (const value of list(fields(test["post"])[fork] ?? [])) {
    const entry = fields(value);
    const { data, gas, value: amount } = fields(entry["indexes"]);
    const name = `${testName} d${data} g${gas} v${amount}`;
    if (!isWanted(name)) continue;
    const reason = exclusion(test, entry, isPatient);
    if (reason !== undefined) {
      yield { name, status: "excluded", reason };
      continue;
    }
    stateRoot ??= await engine.genesis(accounts(test["pre"]));
    yield await runEntry(name, entry, { engine, task: taskOf(test, entry, stateRoot) });
  }
}

/** Why the entry says nothing about an L2. */
function exclusion(test: Fields, entry: Fields, isPatient: boolean): string | undefined {
  const env = fields(test["env"]);
  if (text(entry["txbytes"]).startsWith("0x03")) {
    return "Blob transactions are refused on L2, whatever else is right or wrong with them.";
  }
  if (blobBaseFee(integer(env["currentExcessBlobGas"] ?? "0x0")) !== 1n) {
    return "The environment's excess blob gas makes BLOBBASEFEE other than 1, which does not exist on L2.";
  }
  if (!isPatient && needsPatience(fields(test["transaction"]), fields(entry["indexes"]))) {
    return "A round of BLAKE2F costs one gas; no L2 block can pay for so many, which take minutes (--patient runs them).";
  }
  return undefined;
}

/** Whether the call data is an input of BLAKE2F (EIP-152) with very many rounds, and the gas is enough for them. */
function needsPatience({ data, gasLimit }: Fields, indexes: Fields): boolean {
  const input = bytes(list(data)[Number(indexes["data"])]);
  if (input.length !== 213) return false;
  const rounds = new DataView(input.buffer, input.byteOffset).getUint32(0);
  return rounds > roundsMax && integer(list(gasLimit)[Number(indexes["gas"])]) > rounds;
}

async function runEntry(
  name: string,
  entry: Fields,
  { engine, task }: { engine: Engine; task: ReplayTask },
): Promise<Outcome> {
  const result = await engine.replay(task);
  const exception = entry["expectException"];
  const root = fixed(entry["hash"], 32);
  if (exception !== undefined) {
    const expected = `refused: ${text(exception)}, state root ${root}`;
    return compare(name, expected, describeRefusal(text(exception), result));
  }
  const expected = `state root ${root}, logs ${fixed(entry["logs"], 32)}`;
  return compare(name, expected, describe(result));
}

function describe(result: ReplayResult): string {
  if (result.type === "refused") return `refused: ${result.fault}`;
  const fault = result.leftOut[0]?.fault;
  if (fault !== undefined) return `refused: ${fault}`;
  return `state root ${result.stateRoot}, logs ${logsHash(result.receipts)}`;
}

function describeRefusal(exception: string, result: ReplayResult): string {
  if (result.type === "refused") return describe(result);
  const fault = result.leftOut[0]?.fault;
  if (fault === undefined) return `included: ${describe(result)}`;
  const shown = isExpectedFault(exception, fault) ? exception : fault;
  return `refused: ${shown}, state root ${result.stateRoot}`;
}

function taskOf(test: Fields, entry: Fields, stateRoot: Hex): ReplayTask {
  const env = fields(test["env"]);
  const number = integer(env["currentNumber"]);
  const ancestors = Array.from({ length: Number(number < 256n ? number : 256n) }, (_, i) =>
    numberHash(number - 1n - BigInt(i)),
  );
  return {
    chainId: 1n,
    stateRoot,
    environment: {
      parentHash: ancestors[0] ?? zeroHash,
      number,
      timestamp: integer(env["currentTimestamp"]),
      gasLimit: integer(env["currentGasLimit"]),
      coinbase: fixed(env["currentCoinbase"], 20),
      prevRandao: fixed(env["currentRandom"] ?? "0x0", 32),
      baseFeePerGas: integer(env["currentBaseFee"] ?? "0x0"),
      originHash: zeroHash,
      extraData: "0x",
    },
    ancestors,
    withdrawals: [],
    transactions: [bytes(entry["txbytes"])],
    isUnprotectedAllowed: true,
    isBuilding: true,
  };
}

/** In state tests ancestor n's hash is keccak256 of n in decimal digits. */
function numberHash(number: bigint): Hex {
  return keccak256(new TextEncoder().encode(number.toString()));
}

/** keccak256 of the RLP of the logs. */
function logsHash(receipts: readonly Receipt[]): Hex {
  const logs = receipts.flatMap((receipt) => receipt.logs);
  return keccak256(
    rlpEncode(
      logs.map(({ address, topics, data }) => [
        hexToBytes(address),
        topics.map((topic) => hexToBytes(topic)),
        hexToBytes(data),
      ]),
    ),
  );
}

/** EIP-4844, fake_exponential(1, excess, fraction). */
function blobBaseFee(excess: bigint): bigint {
  let sum = 0n;
  let term = blobBaseFeeUpdateFraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * excess) / (blobBaseFeeUpdateFraction * i);
  }
  return sum / blobBaseFeeUpdateFraction;
}
