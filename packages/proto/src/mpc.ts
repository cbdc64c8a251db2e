export * from "./gen/sequorum/mpc/v1alpha1/mpc_signer_service_pb.ts";
export * from "./gen/sequorum/mpc/v1alpha1/messages_pb.ts";
