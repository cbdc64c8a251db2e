/** Runs pos-consensus as a process of its own. */
import { runService } from "@sequorum/service";
import { parsePosConsensusConfig } from "./config.ts";
import { createPosConsensusService } from "./service.ts";

process.exitCode = await runService("pos-consensus", (context) =>
  createPosConsensusService(parsePosConsensusConfig(process.env), context),
);
