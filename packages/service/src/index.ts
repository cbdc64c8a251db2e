export {
  type BatchSpan,
  type BatchTrace,
  createBatchTrace,
  tracedBlocksMax,
} from "./batch-trace.ts";
export {
  type BlockSpan,
  blockTraceOf,
  currentTrace,
  isTracing,
  recordBlockSpan,
} from "./block-trace.ts";
export * from "./config.ts";
export * from "./errors.ts";
export * from "./grpc-client.ts";
export type { CallOptions, GrpcClient, GrpcImplementation } from "./grpc-definition.ts";
export * from "./grpc-server.ts";
export * from "./http-server.ts";
export * from "./lifecycle.ts";
export * from "./logger.ts";
export * from "./metrics.ts";
export * from "./network-file.ts";
export * from "./own-ports.ts";
export * from "./peer-tls.ts";
export * from "./runtime.ts";
export * from "./tracing.ts";
export * from "./waiting.ts";
