/** Runs the forge that npm installed, with this very node for the compiler wrapper. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

/** Folder of the contracts package, which is the foundry root. */
export const contractsDir = path.resolve(import.meta.dirname, "..");

const NOT_INSTALLED = 127;

/** Runs `forge` with the arguments in the contracts folder; the exit code of forge, 127 if it is not installed. */
export async function runForge(args: readonly string[]): Promise<number> {
  const child = spawnForge(args, { stdout: "inherit", env: {} });
  return child === undefined ? NOT_INSTALLED : exitCode(child);
}

/** As `runForge`, and returns what forge wrote to stdout, which is also passed on. */
export async function captureForge(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  const child = spawnForge(args, { stdout: "pipe", env });
  if (child === undefined) return { code: NOT_INSTALLED, output: "" };
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    process.stdout.write(chunk);
  });
  const code = await exitCode(child);
  return { code, output: Buffer.concat(chunks).toString("utf8") };
}

type SpawnOptions = {
  readonly stdout: "inherit" | "pipe";
  readonly env: Readonly<Record<string, string>>;
};

function spawnForge(
  args: readonly string[],
  { stdout, env }: SpawnOptions,
): ChildProcess | undefined {
  const executable = findForge();
  if (executable === undefined) {
    process.stderr.write(
      "forge is not installed: npm has it for linux-x64 (@foundry-rs/forge-linux-amd64)\n",
    );
    return undefined;
  }
  const searchPath = `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}`;
  return spawn(executable, args, {
    cwd: contractsDir,
    stdio: ["ignore", stdout, "inherit"],
    env: { ...process.env, ...env, PATH: searchPath },
  });
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

function findForge(): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve("@foundry-rs/forge-linux-amd64/package.json");
    return path.join(path.dirname(manifest), "bin", "forge");
  } catch {
    return undefined;
  }
}
