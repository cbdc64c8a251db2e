export * from "./beacon-roots.ts";
export * from "./block-codec.ts";
export { type ContentEntry, contentCount, contentEntries, packContents } from "./content-table.ts";
export * from "./executor.ts";
export * from "./header.ts";
export { loadModule, MissingContent } from "./module.ts";
export * from "./rules.ts";
export * from "./state-store.ts";
export * from "./types.ts";
