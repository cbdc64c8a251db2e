/** Runs the signer as a process of its own. */
import { runService } from "@sequorum/service";
import { parseMpcSignerConfig } from "./config.ts";
import { createMpcSignerService } from "./service.ts";

process.exitCode = await runService("mpc-signer", (context) =>
  createMpcSignerService(parseMpcSignerConfig(process.env), context),
);
