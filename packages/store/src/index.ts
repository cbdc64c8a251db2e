export * from "./keystore.ts";
export * from "./store.ts";
