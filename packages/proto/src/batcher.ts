export * from "./gen/sequorum/batcher/v1alpha1/batcher_service_pb.ts";
