export * from "./gen/sequorum/challenger/v1alpha1/challenger_service_pb.ts";
