// Runs the l1-proposer as a process of its own.

import { runService } from "@sequorum/service";
import { parseL1ProposerConfig } from "./config.ts";
import { createL1ProposerService } from "./service.ts";

process.exitCode = await runService("l1-proposer", (context) =>
  createL1ProposerService(parseL1ProposerConfig(process.env), context),
);
