/** Runs the challenger as a process of its own. */
import { runService } from "@sequorum/service";
import { parseChallengerConfig } from "./config.ts";
import { createChallengerService } from "./service.ts";

process.exitCode = await runService("challenger", (context) =>
  createChallengerService(parseChallengerConfig(process.env), context),
);
