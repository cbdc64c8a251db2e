/** `npm start`: the development pool with its live view, and the tour. */
import { isatty } from "node:tty";
import { type Devnet, startDevnet } from "./devnet.ts";
import { type DevnetOptions, help, parseOptions, UsageError } from "./options.ts";
import { runTour } from "./tour/tour.ts";
import { startLiveView } from "./view/live-view.ts";

process.exitCode = await main();
// Whatever still holds the process (a client that reconnects, say) must not keep the terminal.
setTimeout(() => process.exit(), 1_000).unref();

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options !== undefined) return await runPool(options);
    process.stdout.write(help);
    return 0;
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return 130;
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? "" : "The pool did not start. "}${describe(error)}\n`);
    if (isUsage) process.stderr.write("See npm start -- --help\n");
    return 1;
  }
}

async function runPool(options: DevnetOptions): Promise<number> {
  const startedAtMs = Date.now();
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const devnet = await startDevnet({
    ...options,
    signal: interrupted.signal,
    onProgress: (what) => process.stdout.write(`${what} ...\n`),
  });
  const view = startLiveView(devnet, { isTerminal: options.view && isatty(1) });
  let exitCode = 0;
  try {
    if (options.tour) {
      const { passed, summary } = await runTour(devnet, {
        startedAtMs,
        signal: interrupted.signal,
        note: view.note,
        ...(options.jsonFile === undefined ? {} : { jsonFile: options.jsonFile }),
      });
      exitCode = passed ? 0 : 1;
      view.note(summary);
    }
    if (!options.exit) await untilStopped(devnet, interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    exitCode = options.exit ? 130 : 0;
  } finally {
    await view.stop();
    process.stdout.write("stopping ...\n");
    await devnet.stop();
  }
  return exitCode;
}

/** Resolves when the person stops the pool; throws when one of the servers ended by itself. */
async function untilStopped({ servers }: Devnet, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const stopped = new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  const ended = Object.values(servers).map(async ({ name, ended: end }) => {
    await end;
    if (!signal.aborted) throw new Error(`${name} ended by itself: see its log`);
  });
  await Promise.race([stopped, ...ended]);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
