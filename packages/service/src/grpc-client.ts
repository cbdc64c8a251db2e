/** gRPC clients from protobuf-es descriptors. */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type CallOptions as GrpcCallOptions,
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import { RetryableError, RpcError, type RpcStatus } from "./errors.ts";
import {
  type CallOptions,
  type GrpcClient,
  messageBytesMax,
  methodDefinition,
} from "./grpc-definition.ts";
import { certificatePem, type PeerIdentity } from "./peer-tls.ts";
import { injectTrace } from "./tracing.ts";

const unaryTimeoutMs = 10_000;

/** How to reach another operator: its registered certificate and our own identity. */
export type ClientTls = { readonly identity: PeerIdentity; readonly peerCertificate: Hex };

/** Options of a client. */
export type GrpcClientOptions = { readonly tls?: ClientTls };

/**
 * A client of the service at `address` (host:port). It connects by itself and again. Calls throw `RetryableError` when
 * the server cannot be reached or is too slow, `RpcError` when it answered with an error.
 */
export function createGrpcClient<S extends DescService>(
  service: S,
  address: string,
  options: GrpcClientOptions = {},
): GrpcClient<S> {
  const client = new Client(address, channelCredentials(options.tls), {
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.use_local_subchannel_pool": 1,
    // A name for SNI, which must not be an IP address; the certificate is compared byte for byte.
    ...(options.tls === undefined ? {} : { "grpc.ssl_target_name_override": "sequorum.peer" }),
  });
  const methods: Record<string, unknown> = { close: () => client.close() };
  for (const method of service.methods) {
    methods[method.localName] =
      method.methodKind === "unary" ? unary(client, method) : streaming(client, method);
  }
  return methods as GrpcClient<S>;
}

function channelCredentials(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const expected = Buffer.from(hexToBytes(tls.peerCertificate));
  return credentials.createSsl(
    Buffer.from(certificatePem(tls.peerCertificate)),
    Buffer.from(tls.identity.privateKeyPem),
    Buffer.from(certificatePem(tls.identity.certificate)),
    {
      // The certificate is the identity: it must be the registered one, whatever the host is called.
      checkServerIdentity: (_host, presented) =>
        presented.raw.equals(expected)
          ? undefined
          : new Error("certificate is not the registered one"),
    },
  );
}

function unary(client: Client, method: DescMethod) {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return (request: unknown, options: CallOptions = {}) =>
    new Promise((resolve, reject) => {
      const callOptions: GrpcCallOptions = {
        deadline: Date.now() + (options.timeoutMs ?? unaryTimeoutMs),
      };
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        traceMetadata(),
        callOptions,
        (error, answer) => {
          options.signal?.removeEventListener("abort", cancel);
          if (error === null) resolve(answer);
          else reject(callError(error, path));
        },
      );
      const cancel = () => call.cancel();
      options.signal?.addEventListener("abort", cancel, { once: true });
    });
}

function streaming(client: Client, method: DescMethod) {
  const { path, requestStream, requestSerialize, responseDeserialize } = methodDefinition(method);
  return async function* (request: unknown, options: CallOptions = {}): AsyncGenerator<unknown> {
    const metadata = traceMetadata();
    const call: ClientReadableStream<unknown> = requestStream
      ? client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
      : client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
        );
    const cancel = () => call.cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
    if (options.signal?.aborted) call.cancel();
    if (requestStream) {
      pump(request as AsyncIterable<unknown>, call as ClientDuplexStream<unknown, unknown>);
    }
    try {
      yield* call;
    } catch (error) {
      if (options.signal?.aborted) return;
      throw callError(error as ServiceError, path);
    } finally {
      options.signal?.removeEventListener("abort", cancel);
      call.cancel();
    }
  };
}

function pump(requests: AsyncIterable<unknown>, call: ClientDuplexStream<unknown, unknown>): void {
  const send = async () => {
    for await (const request of requests) {
      if (call.destroyed) return;
      if (!call.write(request)) {
        await new Promise<void>((resolve) => {
          const proceed = () => {
            call.off("drain", proceed);
            call.off("close", proceed);
            resolve();
          };
          call.once("drain", proceed);
          call.once("close", proceed);
        });
      }
    }
    call.end();
  };
  send().catch(() => call.cancel());
}

function traceMetadata(): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(injectTrace())) metadata.set(key, value);
  return metadata;
}

const retryable: readonly number[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
];

function callError(error: ServiceError, path: string): Error {
  if (retryable.includes(error.code)) {
    return new RetryableError(`${path} did not answer`, { cause: error });
  }
  const [code = "INTERNAL", ...rest] = (error.details ?? "").split(": ");
  const name = (status[error.code] ?? "INTERNAL") as RpcStatus;
  return new RpcError(name, code, rest.join(": ") || code);
}
