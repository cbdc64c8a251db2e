export * from "./bus.ts";
export type { EventPayload } from "./outbox.ts";
export * from "./store-and-bus.ts";
