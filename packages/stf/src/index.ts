export * from "./beacon-roots.ts";
export * from "./block-codec.ts";
export * from "./crypto.ts";
export * from "./derive.ts";
export * from "./executor.ts";
export * from "./header.ts";
export * from "./memory-store.ts";
export * from "./types.ts";
export { maxCostWei, stateFault } from "./transaction.ts";
