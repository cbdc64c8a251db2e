/** The network description that every service of a pool is given. */
import { readFile } from "node:fs/promises";
import { type NetworkConfig, parseNetworkConfig } from "@sequorum/protocol";

/** Reads and checks `network.json`. Throws when the file is missing, no JSON, or lacks something. */
export async function readNetworkFile(file: string): Promise<NetworkConfig> {
  return parseNetworkConfig(JSON.parse(await readFile(file, "utf8")));
}
