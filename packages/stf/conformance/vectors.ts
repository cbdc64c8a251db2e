/** Where the shared test data lies and which files it has. */
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const projectRoot = join(import.meta.dirname, "../../..");

/** The folder `ethereum-tests`, or undefined when the data is absent. `configured` is SEQUORUM_VECTORS. */
export function findVectors(configured: string | undefined): string | undefined {
  const shared = configured ?? join(projectRoot, "../shared/conformance");
  const folder = join(shared, "ethereum-tests");
  return existsSync(folder) ? folder : undefined;
}

/** Files of a suite, largest first, so that no thread is left alone with a large one at the end. */
export function listFiles(vectors: string, folder: string): string[] {
  return globSync("**/*.json", { cwd: join(vectors, folder) })
    .map((file) => ({ file, size: statSync(join(vectors, folder, file)).size }))
    .sort((a, b) => b.size - a.size || (a.file < b.file ? -1 : 1))
    .map(({ file }) => file);
}

/** Content of one file. */
export function readVectors(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
