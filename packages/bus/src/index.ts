export * from "./bus.ts";
export type { EventPayload } from "./outbox.ts";
