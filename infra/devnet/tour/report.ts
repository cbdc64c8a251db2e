/** What `--json` writes. Times are milliseconds unless the name says otherwise. */
import { writeFile } from "node:fs/promises";
import type { Hex } from "@sequorum/protocol";

/** One check of the tour. */
export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** Middle, high and highest of a set of times. */
export type Distribution = { readonly p50: number; readonly p95: number; readonly max: number };

/** A batch as L1 has it. */
export type ReportedBatch = {
  readonly index: number;
  readonly l1TxHash: Hex;
  readonly gasUsed: number;
  readonly dataBytes: number;
  readonly transactions: number;
  readonly blocks: number;
};

/** The tour's outcome. */
export type Report = {
  /** Transactions that the tour sent and that are in blocks. */
  readonly transactions: number;
  readonly batches: readonly ReportedBatch[];
  /** Last L2 height in a batch on L1, and last that a challenger verified. */
  readonly postedHead: number;
  readonly challengerHead: number;
  /** From submission to each confirmation level. */
  readonly latencyMs: {
    readonly accepted: Distribution;
    readonly soft: Distribution;
    readonly quorum: Distribution;
    readonly posted: Distribution;
  };
  /** From the decision that opens a signing session to the signature. */
  readonly signatureMs: Distribution;
  readonly dkgMs: number;
  readonly startToFirstBatchSeconds: number;
  /** Resident memory of each operator at the end. */
  readonly memoryMb: Readonly<Record<string, number>>;
  readonly checks: readonly Check[];
};

/** Writes the report. */
export async function writeReport(file: string, report: Report): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** Distribution of the values, rounded to a tenth; zeros when there are none. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
