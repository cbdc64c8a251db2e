/** Runs the forge that npm installed, with this very node for the compiler wrapper. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

/** Folder of the contracts package, which is the foundry root. */
export const contractsDir = path.resolve(import.meta.dirname, "..");

/** Runs `forge` with the arguments in the contracts folder; the exit code of forge, 127 if it is not installed. */
export async function runForge(args: readonly string[]): Promise<number> {
  const executable = findForge();
  if (executable === undefined) {
    process.stderr.write("forge is not installed: npm has it for linux-x64 (@foundry-rs/forge-linux-amd64)\n");
    return 127;
  }
  const child = spawn(executable, args, {
    cwd: contractsDir,
    stdio: "inherit",
    env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}` },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
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
