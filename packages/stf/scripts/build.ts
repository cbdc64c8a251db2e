/**
 * `npm run build -w packages/stf`: compiles assembly/ into build/stf.wasm, unless nothing that it is made from has
 * changed. build/stf.json says what it was made from, how large it is, and its hash.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Options of the compiler: no garbage collector, no bulk memory; the rest of the language's limits is checked in the output. */
export const compilerOptions: readonly string[] = [
  ...["--runtime", "stub", "--noAssert", "--disable", "bulk-memory"],
  ...["--optimizeLevel", "3", "--shrinkLevel", "0"],
];

/** What a build came to. */
export type BuiltModule = {
  /** SHA-256 of the sources, the options and the compiler's version. */
  readonly sources: string;
  readonly sizeBytes: number;
  /** SHA-256 of the module. */
  readonly sha256: string;
};

const packageDir = path.resolve(import.meta.dirname, "..");
const buildDir = path.join(packageDir, "build");
/** Where the module is. */
export const moduleFile = path.join(buildDir, "stf.wasm");
const recordFile = path.join(buildDir, "stf.json");
/** The compiler as a program: importing it would bring its global types along. */
const compiler = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
const compilerPackage = fileURLToPath(import.meta.resolve("assemblyscript/package.json"));

/** Builds the module when it is missing or stale; throws with the compiler's messages when it cannot be built. */
export async function buildModule(): Promise<BuiltModule & { readonly isNew: boolean }> {
  const sources = await hashSources();
  const present = await readPresent();
  if (present?.sources === sources) return { ...present, isNew: false };
  await mkdir(buildDir, { recursive: true });
  const wasm = await compile();
  const built = { sources, sizeBytes: wasm.length, sha256: sha256(wasm) };
  await replaceFile(moduleFile, wasm);
  await replaceFile(recordFile, `${JSON.stringify(built, null, 2)}\n`);
  return { ...built, isNew: true };
}

/** The record of a build whose module is there, unharmed. */
async function readPresent(): Promise<BuiltModule | undefined> {
  try {
    const record = JSON.parse(await readFile(recordFile, "utf8")) as BuiltModule;
    return sha256(await readFile(moduleFile)) === record.sha256 ? record : undefined;
  } catch {
    return undefined; // no build yet, or one that was cut short
  }
}

async function hashSources(): Promise<string> {
  const { version } = JSON.parse(await readFile(compilerPackage, "utf8"));
  const hash = createHash("sha256").update(JSON.stringify([version, compilerOptions]));
  for (const file of globSync("assembly/**/*.ts", { cwd: packageDir }).sort()) {
    hash.update(`\n${file}\n`).update(await readFile(path.join(packageDir, file)));
  }
  return hash.digest("hex");
}

async function compile(): Promise<Uint8Array> {
  const output = `${moduleFile}.${process.pid}.new`;
  const args = [compiler, "assembly/index.ts", "--outFile", output, ...compilerOptions];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: packageDir });
    return await readFile(output);
  } catch (error) {
    const messages = error instanceof Error && "stderr" in error ? error.stderr : "";
    throw new Error(`packages/stf/assembly does not compile.\n${messages}`, { cause: error });
  } finally {
    await rm(output, { force: true });
  }
}

/** Whoever reads while this runs sees the old file or the new one. */
async function replaceFile(file: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, contents);
  await rename(temporary, file);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

if (import.meta.main) {
  try {
    const { isNew, sizeBytes, sha256: hash } = await buildModule();
    const size = sizeBytes.toLocaleString("en-US");
    process.stdout.write(
      `stf.wasm ${isNew ? "built" : "is up to date"}: ${size} bytes, sha256 ${hash}\n`,
    );
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
