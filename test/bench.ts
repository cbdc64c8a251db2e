/** `npm run bench`: every benchmark one after another, with the machine they ran on. Medians; ratios within one run. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";

type Bench = { readonly name: string; readonly what: string; readonly args: readonly string[] };

const root = join(import.meta.dirname, "..");

const benches: readonly Bench[] = [
  {
    name: "batch-size",
    what: "bytes a transfer in a batch, codec time",
    args: ["packages/protocol/bench/batch-size.ts"],
  },
  {
    name: "execution",
    what: "transfers/s in the executor alone",
    args: ["packages/stf/bench/transfers.ts"],
  },
  {
    name: "erc20",
    what: "blocks of 1,000 ERC-20 transfers: module, ethereumjs, anvil",
    args: ["packages/stf/bench/erc20-blocks.ts"],
  },
  {
    name: "opcodes",
    what: "nanoseconds an instruction: module, ethereumjs",
    args: ["packages/stf/bench/opcodes.ts"],
  },
  {
    name: "instructions",
    what: "size of the module, its instructions a gas over the state tests",
    args: ["packages/stf/bench/instructions.ts"],
  },
  {
    name: "orderer",
    what: "transfers/s end to end in one node, 450 offered",
    args: ["services/orderer/bench/transfers.ts", "6000", "450"],
  },
  {
    name: "signer-core",
    what: "CPU of key generation and signing",
    args: ["services/mpc-signer/bench/core.ts"],
  },
  {
    name: "signer-network",
    what: "key generation and signatures over libp2p",
    args: ["services/mpc-signer/bench/network.ts"],
  },
];

process.exitCode = main(process.argv.slice(2));

function main(wanted: readonly string[]): number {
  const selected = benches.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (selected.length === 0 || wanted.includes("--help")) {
    const list = benches.map(({ name, what }) => `  ${name.padEnd(16)} ${what}`).join("\n");
    process.stdout.write(`Usage: npm run bench [-- name ...]\n\n${list}\n`);
    return wanted.includes("--help") ? 0 : 1;
  }
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  process.stdout.write(
    `${cpus().length} x ${cpus()[0]?.model}, ${gibibytes} GiB, Node.js ${process.version}, load ${loadavg()[0]?.toFixed(1)}\n`,
  );
  const failed = selected.filter(({ name, what, args }) => {
    process.stdout.write(`\n== ${name}: ${what}\n`);
    return spawnSync(process.execPath, [...args], { cwd: root, stdio: "inherit" }).status !== 0;
  });
  return failed.length === 0 ? 0 : 1;
}
