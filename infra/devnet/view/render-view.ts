/** The live view as text. Pure: a status in, lines out. */
import type { Hex } from "@sequorum/protocol";
import type { OperatorStatus, PoolStatus } from "../pool-status.ts";

/** What the view shows besides the pool's status. */
export type ViewContext = {
  readonly uptimeMs: number;
  readonly l1Url: string;
  readonly l1Block: bigint | undefined;
  readonly rollupChain: Hex;
  readonly l2ChainId: bigint;
  readonly rpcUrls: readonly string[];
  readonly logsDirectory: string;
  /** Last line, such as what the tour is doing. */
  readonly note: string;
};

/** Text styles; the identity where the output is no terminal. */
export type Styles = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
};

/** Lines of the view. */
export function renderView(status: PoolStatus, context: ViewContext, styles: Styles): string[] {
  return [
    styles.bold(`Sequorum development pool`) + styles.dim(`   up ${duration(context.uptimeMs)}`),
    "",
    `  L1     ${context.l1Url}   block ${show(context.l1Block)}   RollupChain ${context.rollupChain}`,
    `  L2     chain ${context.l2ChainId}   RPC ${context.rpcUrls.join(" ")}`,
    `  pool   ${groupKeyLine(status)}`,
    "",
    styles.dim(
      row([
        "member",
        "sequencer",
        "role",
        "L2 head",
        "certified",
        "posted",
        "verified",
        "PoS",
        "peers",
        "memory",
      ]),
    ),
    ...status.operators.map((operator) => memberRow(operator, status, styles)),
    "",
    styles.dim(`  ${"batch".padEnd(8)}${"state".padEnd(11)}L1 transaction`),
    ...batchRows(status),
    "",
    ...alarmLines(status, styles),
    styles.dim(`  logs ${context.logsDirectory}   Ctrl-C stops; the data stays`),
    `  ${context.note}`,
  ];
}

/** One line for a terminal-less output. */
export function renderLine(status: PoolStatus, l1Block: bigint | undefined): string {
  const heights = (of: (operator: OperatorStatus) => bigint | undefined) => {
    const known = status.operators.map(of).filter((height) => height !== undefined);
    return known.length === 0 ? "-" : known.reduce((a, b) => (a > b ? a : b)).toString();
  };
  const up = status.operators.filter(({ isUp }) => isUp).length;
  const batch = status.batches.at(-1);
  return [
    `operators ${up}/${status.operators.length}`,
    `L1 ${show(l1Block)}`,
    `L2 head ${heights(({ head }) => head)}`,
    `certified ${heights(({ certified }) => certified)}`,
    `posted ${heights(({ safe }) => safe)}`,
    `verified ${heights(({ verified }) => verified)}`,
    ...(batch === undefined ? [] : [`batch ${batch.index} ${batch.state}`]),
  ].join("  ");
}

function memberRow(operator: OperatorStatus, status: PoolStatus, styles: Styles): string {
  const isLeader = operator.address === leaderOf(status);
  const role = operator.isUp ? (isLeader ? "leader" : "follower") : "down";
  const cells = [
    operator.name,
    `${operator.address.slice(0, 8)}…${operator.address.slice(-4)}`,
    role,
    show(operator.head),
    show(operator.certified),
    show(operator.safe),
    show(operator.verified),
    show(operator.posHeight),
    show(operator.peers),
    `${Math.round(operator.memoryBytes / 1_048_576)} MB`,
  ];
  const text = row(cells);
  if (!operator.isUp) return styles.bad(text);
  return isLeader ? styles.good(text) : text;
}

function batchRows({ batches }: PoolStatus): string[] {
  if (batches.length === 0) return ["  none yet"];
  return batches.map(({ index, state, attempt, l1TxHash }) => {
    const retried = attempt === 0 ? "" : ` (attempt ${attempt + 1})`;
    return `  ${index.toString().padEnd(8)}${state.padEnd(11)}${l1TxHash ?? ""}${retried}`;
  });
}

function alarmLines({ operators }: PoolStatus, styles: Styles): string[] {
  const raised = operators.filter(({ alarms }) => (alarms ?? 0) > 0);
  return raised.map(({ name }) =>
    styles.bad(`  the challenger of ${name} raised an alarm: see its log`),
  );
}

function groupKeyLine({ operators }: PoolStatus): string {
  const key = operators.find(({ groupKey }) => groupKey !== undefined)?.groupKey;
  return key === undefined ? "generating the group key ..." : `group key ${key}`;
}

function leaderOf({ operators }: PoolStatus): Hex | undefined {
  const newest = operators
    .filter(({ isUp, term }) => isUp && term !== undefined)
    .sort((a, b) => Number((b.term ?? 0n) - (a.term ?? 0n)))[0];
  return newest?.leader;
}

const widths = [13, 16, 10, 9, 11, 8, 10, 8, 7, 8];

function row(cells: readonly string[]): string {
  return `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 10)).join("")}`.trimEnd();
}

function show(value: bigint | number | undefined): string {
  return value === undefined ? "-" : value.toString();
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => part.toString().padStart(2, "0")).join(":");
}
