export { type OrdererConfig, ordererConfigKeys, parseOrdererConfig } from "./config.ts";
export { createOrdererService, type OrdererContext, type OrdererService } from "./service.ts";
