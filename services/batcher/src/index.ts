export { type BatcherConfig, batcherConfigKeys, parseBatcherConfig } from "./config.ts";
export { createBatcherService } from "./service.ts";
