/** Memory of processes, from /proc. */
import { readFileSync } from "node:fs";

/** Resident memory of the processes together, in bytes; 0 for those that are gone, or where there is no /proc. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + residentBytesOf(pid), 0);
}

function residentBytesOf(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kibibytes ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
