export * from "./contents/content-rows.ts";
export * from "./contents/prune-store.ts";
export * from "./pruning/prune-run.ts";
export * from "./pruning/pruning.ts";
