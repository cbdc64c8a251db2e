/** Command line of `npm run check:engine`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** What to check. */
export type CheckOptions = {
  /** A running pool, or undefined: one is started and given the tour. */
  readonly pool: { readonly rpcUrl: string; readonly networkFile: string } | undefined;
  /** Where the files are; undefined: in a temporary folder. */
  readonly dataDirectory: string | undefined;
  readonly portBase: number;
};

/** Text of `--help`. */
export const help = `Usage: npm run check:engine -- [options]

Has geth verify the blocks of a pool through the Engine API: each block must be VALID, and the head's hash and state
root equal. Without options a pool of three operators is started, and the tour's and further transactions are sent
through it; nothing is sent to a pool that runs already.
geth is optional: SEQUORUM_GETH_BIN names it, else it is looked for in PATH and in ~/go/bin.

  --rpc URL        L2 JSON-RPC of a pool that runs already
  --network FILE   its network.json (default .devnet/network.json; only with --rpc)
  --data-dir DIR   where to put the files of geth and of the pool (default: a temporary folder)
  --port-base N    first of the ports in use (default 24000)
  --help           this text
`;

/** Parses the arguments; undefined when help is wanted. Throws on arguments that are none. */
export function parseOptions(args: readonly string[]): CheckOptions | undefined {
  const value = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rpc: value,
      network: value,
      "data-dir": value,
      "port-base": value,
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) return undefined;
  if (values.network !== undefined && values.rpc === undefined)
    throw new TypeError("--network goes with --rpc");
  const portBase = Number(values["port-base"] ?? 24_000);
  if (!Number.isInteger(portBase) || portBase < 1_024 || portBase > 60_000)
    throw new TypeError("--port-base must be a whole number from 1024 to 60000");
  const networkFile = resolve(values.network ?? ".devnet/network.json");
  return {
    pool: values.rpc === undefined ? undefined : { rpcUrl: values.rpc, networkFile },
    dataDirectory: values["data-dir"] === undefined ? undefined : resolve(values["data-dir"]),
    portBase,
  };
}
