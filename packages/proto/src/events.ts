export * from "./gen/sequorum/events/v1alpha1/event_pb.ts";
export * from "./gen/sequorum/events/v1alpha1/orderer_pb.ts";
export * from "./gen/sequorum/events/v1alpha1/batcher_pb.ts";
export * from "./gen/sequorum/events/v1alpha1/challenger_pb.ts";
export * from "./gen/sequorum/events/v1alpha1/decision_pb.ts";
