export { type ContentChannel, channelBackend } from "./contents/content-channel.ts";
export * from "./contents/content-reader.ts";
export * from "./contents/content-rows.ts";
export * from "./contents/prune-store.ts";
export * from "./pruning/pruning.ts";
