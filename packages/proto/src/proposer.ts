export * from "./gen/sequorum/proposer/v1alpha1/l1_proposer_service_pb.ts";
