/** `npm run check:engine`: an independent client verifies the L2 blocks. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Devnet, removeData, startDevnet } from "@sequorum/devnet";
import { runTour } from "@sequorum/devnet/tour/tour";
import { type NetworkConfig, parseNetworkConfig } from "@sequorum/protocol";
import { checkHead, checkRefusal, feedBlock } from "./feed.ts";
import { findGeth, startGeth } from "./geth.ts";
import { gethGenesis } from "./geth-genesis.ts";
import { connectRpc } from "./json-rpc.ts";
import { headNumber, readBlock } from "./l2-blocks.ts";
import { type CheckOptions, help, parseOptions } from "./options.ts";
import { sendTraffic } from "./traffic.ts";

const tourTimeoutMs = 600_000;
const operators = 3;

process.exitCode = await main();
setTimeout(() => process.exit(), 1_000).unref();

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options === undefined) say(help);
    else await check(options);
    return 0;
  } catch (error) {
    say(`Engine API check: FAILED: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function check(options: CheckOptions): Promise<void> {
  const geth = findGeth();
  if (geth === undefined) {
    say("Engine API check: SKIPPED, there is no geth (see npm run check:engine -- --help)");
    return;
  }
  const folder = options.dataDirectory ?? mkdtempSync(join(tmpdir(), "sequorum-engine-"));
  try {
    if (options.pool === undefined) await checkTour(options, geth, folder);
    else {
      const network = parseNetworkConfig(
        JSON.parse(readFileSync(options.pool.networkFile, "utf8")),
      );
      await checkPool({
        geth,
        folder,
        network,
        rpcUrl: options.pool.rpcUrl,
        port: options.portBase,
      });
    }
  } finally {
    if (options.dataDirectory === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a pool, sends the tour's transactions through it, and checks its blocks. */
async function checkTour(options: CheckOptions, geth: string, folder: string): Promise<void> {
  const startedAtMs = Date.now();
  const dataDirectory = join(folder, "pool");
  const devnet: Devnet = await startDevnet({
    operators,
    split: false,
    dataDirectory,
    reset: true,
    portBase: options.portBase,
    l1BlockSeconds: 1,
    logLevel: "info",
    onProgress: (what) => say(`${what} ...`),
  });
  try {
    const signal = AbortSignal.timeout(tourTimeoutMs);
    const { passed, summary } = await runTour(devnet, { startedAtMs, signal, note: say });
    if (!passed) throw new Error(`the tour did not pass:\n${summary}`);
    const [first] = devnet.operators;
    if (first === undefined) throw new Error("the pool has no operator");
    say("sending transactions that the tour does not have ...");
    await sendTraffic(connectRpc(first.rpcUrl), devnet.network.l2ChainId);
    await checkPool({
      geth,
      folder: join(folder, "geth"),
      network: devnet.network,
      rpcUrl: first.rpcUrl,
      // No operator has the last port of the first hundred.
      port: options.portBase + 99,
    });
  } finally {
    await devnet.stop();
    removeData(dataDirectory);
  }
}

type PoolToCheck = {
  readonly geth: string;
  readonly folder: string;
  readonly network: NetworkConfig;
  readonly rpcUrl: string;
  readonly port: number;
};

async function checkPool({ geth, folder, network, rpcUrl, port }: PoolToCheck): Promise<void> {
  const pool = connectRpc(rpcUrl);
  const genesis = gethGenesis(network.l2Genesis, network.l2ChainId);
  const client = await startGeth({ file: geth, folder, port, genesis });
  try {
    say(`${client.version} verifies the blocks of ${rpcUrl} ...`);
    let block = await readBlock(pool, 0n);
    await checkHead(client.rpc, block);
    const head = await headNumber(pool);
    if (head === 0n) throw new Error("the pool has no block after its genesis");
    let transactions = 0;
    for (let number = 1n; number <= head; number += 1n) {
      block = await readBlock(pool, number);
      if (number === head) await checkRefusal(client.rpc, block);
      await feedBlock(client.rpc, block);
      transactions += block.transactions.length;
    }
    await checkHead(client.rpc, block);
    say(
      `Engine API check: passed, ${client.version} found ${head} blocks with ${transactions} transactions valid; head ${block.hash}, state ${block.header.stateRoot}`,
    );
  } finally {
    await client.stop();
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
