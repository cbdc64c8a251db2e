/** Where the development pool keeps its files. */
import { createHash } from "node:crypto";
import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** Paths of one development pool. */
export type Directories = {
  readonly root: string;
  readonly networkFile: string;
  readonly pidFile: string;
  readonly logs: string;
  readonly l1State: string;
  readonly nats: string;
  /** Not below `root` when this process is root: Postgres runs as another user, who may not reach it there. */
  readonly postgres: string;
  /** Directory of one operator: keystores and password. */
  operator(name: string): string;
};

/** nobody: Postgres refuses to run as root. */
export const unprivilegedUser = { uid: 65_534, gid: 65_534 } as const;

/** Whether servers that refuse root must be given another user. */
export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Creates the directories of the pool below `root`. */
export function createDirectories(root: string): Directories {
  const id = createHash("sha256").update(root).digest("hex").slice(0, 12);
  const postgres = runsAsRoot()
    ? join("/var/tmp", `sequorum-postgres-${id}`)
    : join(root, "postgres");
  const directories: Directories = {
    root,
    networkFile: join(root, "network.json"),
    pidFile: join(root, "processes.json"),
    logs: join(root, "logs"),
    l1State: join(root, "l1-state.json"),
    nats: join(root, "nats"),
    postgres,
    operator: (name) => join(root, "operators", name),
  };
  for (const path of [root, directories.logs, directories.nats])
    mkdirSync(path, { recursive: true });
  mkdirSync(postgres, { recursive: true, mode: 0o700 });
  if (runsAsRoot()) chownSync(postgres, unprivilegedUser.uid, unprivilegedUser.gid);
  return directories;
}
