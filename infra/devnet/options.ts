/** Command line of `npm start`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** What the development pool is asked to do. */
export type DevnetOptions = {
  readonly operators: number;
  readonly split: boolean;
  readonly tour: boolean;
  readonly exit: boolean;
  readonly jsonFile: string | undefined;
  readonly dataDirectory: string;
  readonly reset: boolean;
  readonly portBase: number;
  readonly l1BlockSeconds: number;
  readonly view: boolean;
  readonly logLevel: string;
};

/** Text of `--help`. */
export const help = `Usage: npm start -- [options]

Runs a Sequorum development pool on this machine: an L1 node, NATS, Postgres, the contracts and five operators.
Ctrl-C stops everything; the data stays, and the next start goes on from it.

  --tour              send a scripted mix of transactions through the pool and check the outcome
  --exit              stop after the tour; exit code 0 only if every check passed
  --json FILE         write what happened as JSON (with --tour)
  --operators N       number of operators, 1 to 7 (default 5; a new pool only)
  --split             one process for each service instead of one for each operator
  --reset             forget the data of earlier runs first
  --data-dir DIR      where the data is (default .devnet)
  --port-base N       first of the ports in use (default 10000; L1 is at 8545 with the default base)
  --l1-block-seconds N  time between L1 blocks (default 1)
  --no-view           print lines instead of the live view
  --log-level LEVEL   debug, info, warn or error for the services' logs (default info)
  --help              this text
`;

/** Thrown by `parseOptions`; the message says what to do. */
export class UsageError extends Error {}

/** Parses the arguments; undefined when help is wanted. Throws `UsageError`. */
export function parseOptions(args: readonly string[]): DevnetOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  if (values.exit && !values.tour)
    throw new UsageError("--exit goes with --tour: nothing would run");
  if (values.json !== undefined && !values.tour) throw new UsageError("--json goes with --tour");
  return {
    operators: integer("--operators", values.operators ?? "5", 1, 7),
    split: values.split,
    tour: values.tour,
    exit: values.exit,
    jsonFile: values.json === undefined ? undefined : resolve(values.json),
    dataDirectory: resolve(values["data-dir"] ?? ".devnet"),
    reset: values.reset,
    portBase: integer("--port-base", values["port-base"] ?? "10000", 1_024, 60_000),
    l1BlockSeconds: integer("--l1-block-seconds", values["l1-block-seconds"] ?? "1", 1, 60),
    view: !values["no-view"],
    logLevel: values["log-level"] ?? "info",
  };
}

function parse(args: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  const value = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        tour: flag,
        exit: flag,
        json: value,
        operators: value,
        split: flag,
        reset: flag,
        "data-dir": value,
        "port-base": value,
        "l1-block-seconds": value,
        "no-view": flag,
        "log-level": value,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number < min || number > max) {
    throw new UsageError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return number;
}
