/** What the tour verifies at its end. */
import { developmentStakeTokenAbi } from "@sequorum/l1";
import { getAddress } from "viem";
import type { PoolStatus } from "../pool-status.ts";
import type { Check, ReportedBatch } from "./report.ts";
import type { ScriptOutcome } from "./script.ts";
import type { L2 } from "./traffic.ts";

/** The least that a tour must show. */
export const transactionsMin = 200;
const batchesMin = 3;

/** What the checks look at. */
export type CheckSubject = {
  readonly l2: L2;
  readonly outcome: ScriptOutcome;
  readonly transactions: number;
  readonly batches: readonly ReportedBatch[];
  readonly postedHead: number;
  readonly challengerHead: number;
  readonly status: PoolStatus;
};

/** Runs every check. */
export async function runChecks(subject: CheckSubject): Promise<Check[]> {
  const { transactions, batches, postedHead, challengerHead, status } = subject;
  const alarms = status.operators.filter((operator) => (operator.alarms ?? 0) > 0);
  const down = status.operators.filter(({ isUp }) => !isUp);
  return [
    check(
      "transactions in blocks",
      transactions >= transactionsMin,
      `${transactions} of at least ${transactionsMin}`,
    ),
    check(
      "batches accepted by L1",
      batches.length >= batchesMin,
      `${batches.length} of at least ${batchesMin}`,
    ),
    check(
      "a challenger derived the posted chain from L1 alone",
      challengerHead === postedHead && postedHead > 0,
      `verified ${challengerHead}, posted ${postedHead}`,
    ),
    check(
      "no challenger raised an alarm",
      alarms.length === 0,
      alarms.map(({ name }) => name).join(", ") || "none",
    ),
    check(
      "every operator is up",
      down.length === 0,
      down.map(({ name }) => name).join(", ") || "all",
    ),
    ...(await Promise.all([
      attempt("every operator has every transaction in the same block", checkReceipts(subject)),
      attempt("the failing transaction is in a block and reverted", checkFailing(subject)),
      attempt("the transaction forced through L1 is included", checkForced(subject)),
      attempt("the token balances are what the transfers make them", checkTokens(subject)),
    ])),
  ];
}

type Finding = { readonly ok: boolean; readonly detail: string };

/** A check that cannot be made has failed. */
async function attempt(name: string, finding: Promise<Finding>): Promise<Check> {
  try {
    return { name, ...(await finding) };
  } catch (error) {
    return check(
      name,
      false,
      error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error),
    );
  }
}

/** Every operator must give the same block and outcome for every transaction. */
async function checkReceipts({ l2, outcome }: CheckSubject): Promise<Finding> {
  const problems: string[] = [];
  for (const { hash, what } of outcome.sent) {
    const receipts = await Promise.all(
      l2.clients.map((client) => client.getTransactionReceipt({ hash }).catch(() => undefined)),
    );
    const blocks = new Set(receipts.map((receipt) => receipt?.blockHash));
    const shouldFail = hash === outcome.failing;
    const failed = receipts.some((receipt) => (receipt?.status === "reverted") !== shouldFail);
    if (blocks.size !== 1 || blocks.has(undefined) || failed) problems.push(`${what} ${hash}`);
  }
  const [first] = problems;
  return first === undefined
    ? { ok: true, detail: `${outcome.sent.length} compared` }
    : { ok: false, detail: `${problems.length} differ, first ${first}` };
}

async function checkFailing({ l2, outcome }: CheckSubject): Promise<Finding> {
  const receipt = await l2.receipt(outcome.failing);
  return { ok: receipt.status === "reverted", detail: receipt.status };
}

async function checkForced({ l2, outcome }: CheckSubject): Promise<Finding> {
  const { status, blockNumber } = await l2.receipt(outcome.forced);
  return { ok: status === "success", detail: `${status} in block ${blockNumber}` };
}

async function checkTokens({ l2, outcome }: CheckSubject): Promise<Finding> {
  const client = l2.clients[l2.clients.length - 1];
  if (client === undefined) throw new TypeError("a pool has an operator");
  const balances = await Promise.all(
    outcome.expectedTokens.map(({ holder }) =>
      client.readContract({
        address: getAddress(outcome.token),
        abi: developmentStakeTokenAbi,
        functionName: "balanceOf",
        args: [holder],
      }),
    ),
  );
  const wrong = outcome.expectedTokens.filter(({ amount }, i) => balances[i] !== amount);
  const detail =
    wrong.length === 0 ? `${balances.length} balances` : `wrong for ${wrong[0]?.holder}`;
  return { ok: wrong.length === 0, detail };
}

function check(name: string, ok: boolean, detail: string): Check {
  return { name, ok, detail };
}
