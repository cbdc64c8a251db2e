export * from "./gen/sequorum/orderer/v1alpha1/orderer_service_pb.ts";
