export { peerIdOfSeed } from "./adapters/mpc-channel.ts";
export { type MpcSignerConfig, mpcSignerConfigKeys, parseMpcSignerConfig } from "./config.ts";
export { createMpcSignerService } from "./service.ts";
