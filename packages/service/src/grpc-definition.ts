/** protobuf-es service descriptors as grpc-js service definitions. */
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";

/** Largest message that is sent or accepted. */
export const messageBytesMax = 16 * 1_024 * 1_024;

/** grpc-js definition of one method. */
export function methodDefinition(method: DescMethod): MethodDefinition<unknown, unknown> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream:
      method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream:
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message) => serialize(method.input, message),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => serialize(method.output, message),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function serialize(type: DescMessage, message: unknown): Buffer {
  const bytes = toBinary(type, create(type, message as MessageInitShape<DescMessage>));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Methods<S extends DescService> = S["method"];

/** Implementation of a service; requests are complete messages, answers may leave fields out. */
export type GrpcImplementation<S extends DescService, Context> = {
  readonly [M in keyof Methods<S>]: Methods<S>[M] extends {
    methodKind: infer Kind;
    input: infer I extends DescMessage;
    output: infer O extends DescMessage;
  }
    ? Kind extends "unary"
      ? (request: MessageShape<I>, context: Context) => Promise<MessageInitShape<O>>
      : Kind extends "server_streaming"
        ? (request: MessageShape<I>, context: Context) => AsyncIterable<MessageInitShape<O>>
        : Kind extends "bidi_streaming"
          ? (
              requests: AsyncIterable<MessageShape<I>>,
              context: Context,
            ) => AsyncIterable<MessageInitShape<O>>
          : never
    : never;
};

/** Options of one call. */
export type CallOptions = {
  readonly signal?: AbortSignal;
  /** Limit of a unary call; 10 s when left out. Streams have none. */
  readonly timeoutMs?: number;
};

/** Client of a service. */
export type GrpcClient<S extends DescService> = {
  readonly [M in keyof Methods<S>]: Methods<S>[M] extends {
    methodKind: infer Kind;
    input: infer I extends DescMessage;
    output: infer O extends DescMessage;
  }
    ? Kind extends "unary"
      ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
      : Kind extends "server_streaming"
        ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
        : Kind extends "bidi_streaming"
          ? (
              requests: AsyncIterable<MessageInitShape<I>>,
              options?: CallOptions,
            ) => AsyncIterable<MessageShape<O>>
          : never
    : never;
} & { close(): void };
