export { type ChallengerConfig, challengerConfigKeys, parseChallengerConfig } from "./config.ts";
export { createChallengerService } from "./service.ts";
