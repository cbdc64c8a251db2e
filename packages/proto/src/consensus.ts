export * from "./gen/sequorum/consensus/v1alpha1/pos_consensus_service_pb.ts";
export * from "./gen/sequorum/consensus/v1alpha1/messages_pb.ts";
