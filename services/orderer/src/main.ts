/** Runs the orderer alone. */
import { runService } from "@sequorum/service";
import { parseOrdererConfig } from "./config.ts";
import { createOrdererService } from "./service.ts";

process.exitCode = await runService("orderer", (context) =>
  createOrdererService(parseOrdererConfig(process.env), context),
);
