export {
  type PosConsensusConfig,
  parsePosConsensusConfig,
  posConsensusConfigKeys,
} from "./config.ts";
export { createPosConsensusService } from "./service.ts";
