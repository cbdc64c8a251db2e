export * from "./connection.ts";
export * from "./keystore.ts";
export * from "./store.ts";
