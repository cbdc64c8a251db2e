/** The l1-proposer: brings what the pool signed to L1. */
export { type L1ProposerConfig, parseL1ProposerConfig } from "./config.ts";
export { createL1ProposerService } from "./service.ts";
