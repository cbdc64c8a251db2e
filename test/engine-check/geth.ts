/** A geth of its own for the check: found, given the L2 genesis, started without peers, stopped. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { listens, startChild } from "@sequorum/devnet/child-process";
import { type CallRpc, connectRpc } from "./json-rpc.ts";

/** A running client. */
export type Client = {
  /** What it says of itself. */
  readonly version: string;
  /** Its Engine API, which also answers the `eth_` methods. */
  readonly rpc: CallRpc;
  stop(): Promise<void>;
};

const stopTimeoutMs = 10_000;

/** Path of geth: SEQUORUM_GETH_BIN, else in PATH, else where `go install` puts it; undefined when there is none. */
export function findGeth(): string | undefined {
  const named = process.env["SEQUORUM_GETH_BIN"];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(homedir(), "go/bin")];
  const places = named === undefined ? folders.map((folder) => join(folder, "geth")) : [named];
  return places.find((path) => existsSync(path));
}

/** Starts geth at `file` on `genesis`, with its files in `folder` and the Engine API at `port`. */
export async function startGeth(options: {
  readonly file: string;
  readonly folder: string;
  readonly port: number;
  readonly genesis: object;
}): Promise<Client> {
  const { file, folder, port, genesis } = options;
  mkdirSync(folder, { recursive: true });
  const genesisFile = join(folder, "genesis.json");
  const secretFile = join(folder, "jwt.hex");
  const secret = randomBytes(32);
  writeFileSync(genesisFile, JSON.stringify(genesis, null, 2));
  writeFileSync(secretFile, secret.toString("hex"), { mode: 0o600 });
  const run = promisify(execFile);
  const { stdout } = await run(file, ["version"]);
  await run(file, ["init", "--datadir", folder, genesisFile]);
  const child = await startChild({
    name: "geth",
    file,
    args: [
      ...["--datadir", folder, "--ipcdisable", "--syncmode", "full", "--cache", "64"],
      ...["--nodiscover", "--maxpeers", "0", "--port", "0", "--nat", "none"],
      ...["--authrpc.addr", "127.0.0.1", "--authrpc.port", String(port)],
      ...["--authrpc.jwtsecret", secretFile, "--verbosity", "3"],
    ],
    logFile: join(folder, "geth.log"),
    ready: () => listens(port),
  });
  return {
    version: `geth ${/^Version: (.*)$/m.exec(stdout)?.[1] ?? "of unknown version"}`,
    rpc: connectRpc(`http://127.0.0.1:${port}`, secret),
    stop: () => child.stop("SIGTERM", stopTimeoutMs),
  };
}
