/** Runs the batcher as a process of its own. */
import { runService } from "@sequorum/service";
import { parseBatcherConfig } from "./config.ts";
import { createBatcherService } from "./service.ts";

process.exitCode = await runService("batcher", (context) =>
  createBatcherService(parseBatcherConfig(process.env), context),
);
