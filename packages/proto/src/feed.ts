export * from "./gen/sequorum/feed/v1alpha1/feed_service_pb.ts";
