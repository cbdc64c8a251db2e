/** The live view on a terminal, or lines where there is none. */
import { styleText } from "node:util";
import { createL1Client } from "@sequorum/l1";
import { sleep } from "@sequorum/service";
import type { Devnet } from "../devnet.ts";
import { createPoolMonitor } from "../pool-status.ts";
import { renderLine, renderView, type Styles } from "./render-view.ts";

/** A running view. */
export type LiveView = {
  /** Replaces the last line. */
  note(text: string): void;
  stop(): Promise<void>;
};

const refreshMs = 1_000;
const eraseScreenBelow = "\x1b[J";

/** Shows the pool until stopped; redraws in place on a terminal. */
export function startLiveView(devnet: Devnet, options: { readonly isTerminal: boolean }): LiveView {
  const monitor = createPoolMonitor(devnet.operators);
  const stopping = new AbortController();
  const startedAtMs = Date.now();
  let note = "";
  const draw = options.isTerminal ? drawInPlace() : drawLines();
  const work = follow();

  async function follow(): Promise<void> {
    const chainId = Number(devnet.network.l1ChainId);
    const l1 = createL1Client({ rpcUrl: devnet.l1Url, chainId });
    while (!stopping.signal.aborted) {
      const [status, l1Block] = await Promise.all([
        monitor.poll(),
        l1.getBlockNumber().catch(() => undefined),
      ]);
      if (stopping.signal.aborted) return;
      if (!options.isTerminal) draw([renderLine(status, l1Block)]);
      else {
        const context = {
          uptimeMs: Date.now() - startedAtMs,
          l1Url: devnet.l1Url,
          l1Block,
          rollupChain: devnet.network.contracts.rollupChain,
          l2ChainId: devnet.network.l2ChainId,
          rpcUrls: devnet.operators.map(({ rpcUrl }) => rpcUrl),
          logsDirectory: devnet.directories.logs,
          note,
        };
        draw(renderView(status, context, terminalStyles));
      }
      await sleep(refreshMs, stopping.signal).catch(() => {});
    }
  }

  return {
    note(text) {
      note = text;
      if (!options.isTerminal && text !== "") process.stdout.write(`${text}\n`);
    },
    async stop() {
      stopping.abort();
      await work.catch(() => {});
      monitor.close();
    },
  };
}

const terminalStyles: Styles = {
  bold: (text) => styleText("bold", text),
  dim: (text) => styleText("dim", text),
  good: (text) => styleText("green", text),
  bad: (text) => styleText("red", text),
};

function drawInPlace(): (lines: readonly string[]) => void {
  let drawn = 0;
  return (lines) => {
    const up = drawn === 0 ? "" : `\x1b[${drawn}A\r`;
    const fitting = lines.slice(0, Math.max(1, (process.stdout.rows ?? 50) - 1));
    process.stdout.write(`${up}${eraseScreenBelow}${fitting.join("\n")}\n`);
    drawn = fitting.length;
  };
}

/** A line only when it says something new. */
function drawLines(): (lines: readonly string[]) => void {
  let last = "";
  return (lines) => {
    const text = lines.join("\n");
    if (text !== last) process.stdout.write(`${text}\n`);
    last = text;
  };
}
