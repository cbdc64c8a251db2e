// Finds nats-server, or fetches it: no npm package ships it, Debian's does.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fail } from "./progress.mjs";

/** Order: SEQUORUM_NATS_BIN, PATH, the repository's cache, an unprivileged download, root's apt-get. */
export function findNatsServer(cache) {
  const configured = process.env.SEQUORUM_NATS_BIN;
  if (configured) {
    return works(configured)
      ? configured
      : fail(`SEQUORUM_NATS_BIN=${configured} is not a nats-server that runs here.`);
  }
  const cached = join(cache, "nats", "nats-server");
  const found = [...onPath(), "/usr/sbin/nats-server", cached].find(works);
  if (found !== undefined) return found;
  const notes = [];
  if (download(cached, notes) && works(cached)) return cached;
  if (installAsRoot(notes)) {
    const installed = [...onPath(), "/usr/sbin/nats-server"].find(works);
    if (installed !== undefined) return installed;
  }
  return fail(
    `nats-server was not found and could not be fetched (${notes.join("; ")}). Install NATS server 2.9 or newer, put it on PATH or name it in SEQUORUM_NATS_BIN, and run this again.`,
  );
}

function onPath() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "nats-server"));
}

function works(file) {
  return existsSync(file) && spawnSync(file, ["--version"], { timeout: 10_000 }).status === 0;
}

/** Debian's package, with package lists of our own, so that no privilege is needed. */
function download(target, notes) {
  if (
    spawnSync("apt-get", ["--version"]).status !== 0 ||
    spawnSync("dpkg-deb", ["--version"]).status !== 0
  ) {
    notes.push("this is no Debian system");
    return false;
  }
  const directory = mkdtempSync(join(tmpdir(), "sequorum-nats-"));
  try {
    for (const folder of ["lists/partial", "cache/archives/partial"])
      mkdirSync(join(directory, folder), { recursive: true });
    const options = [
      ["Dir::State::lists", join(directory, "lists")],
      ["Dir::Cache", join(directory, "cache")],
      ["Debug::NoLocking", "1"],
      ["APT::Sandbox::User", "root"],
    ].flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    for (const args of [["update"], ["download", "nats-server"]]) {
      const result = spawnSync("apt-get", ["-q", ...options, ...args], {
        cwd: directory,
        encoding: "utf8",
        timeout: 180_000,
      });
      if (result.status !== 0) {
        notes.push(`apt-get ${args[0]}: ${lastLine(result.stderr)}`);
        return false;
      }
    }
    const archive = readdirSync(directory).find((file) => file.endsWith(".deb"));
    spawnSync("dpkg-deb", ["-x", archive ?? "", join(directory, "files")], { cwd: directory });
    mkdirSync(join(target, ".."), { recursive: true });
    copyFileSync(join(directory, "files", "usr", "sbin", "nats-server"), target);
    chmodSync(target, 0o755);
    return true;
  } catch (error) {
    notes.push(String(error));
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function installAsRoot(notes) {
  if (process.getuid?.() !== 0) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { encoding: "utf8", env, timeout: 300_000 };
  spawnSync("apt-get", ["-q", "update"], options);
  const result = spawnSync("apt-get", ["-qy", "install", "nats-server"], options);
  if (result.status !== 0) notes.push(`apt-get install: ${lastLine(result.stderr)}`);
  return result.status === 0;
}

function lastLine(text) {
  return (text ?? "").trim().split("\n").at(-1) ?? "";
}
