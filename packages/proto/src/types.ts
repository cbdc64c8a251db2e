export * from "./gen/sequorum/types/v1alpha1/block_pb.ts";
export * from "./gen/sequorum/types/v1alpha1/batch_pb.ts";
export * from "./gen/sequorum/types/v1alpha1/member_pb.ts";
