// Runs one TypeScript program of the repository after the set-up, as if it were this process.
import { spawn } from "node:child_process";
import { bootstrap, root } from "./bootstrap.mjs";

/** Sets up, runs `program` with this process' arguments and leaves with its exit code. */
export async function runAfterSetUp(program) {
  const { node, env } = await bootstrap();
  const child = spawn(
    node,
    ["--disable-warning=ExperimentalWarning", program, ...process.argv.slice(2)],
    {
      cwd: root,
      env,
      stdio: "inherit",
    },
  );
  // The terminal sends Ctrl-C to the whole group; the child decides when it is done.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130);
  });
}
