/** gRPC servers from protobuf-es descriptors, with health, reflection, trace context and, between operators, mutual TLS. */
import type { DescService } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { Hex } from "@sequorum/protocol";
import { HealthImplementation } from "grpc-health-check";
import { describeError, RpcError } from "./errors.ts";
import { type GrpcImplementation, messageBytesMax, methodDefinition } from "./grpc-definition.ts";
import { addReflection } from "./grpc-reflection.ts";
import type { ListeningServer } from "./http-server.ts";
import type { Logger } from "./logger.ts";
import { certificatePem, type PeerTls, peerOfCertificate } from "./peer-tls.ts";
import { inTrace, type TraceCarrier, withSpan } from "./tracing.ts";

/** What a handler knows of a call. */
export type CallContext = {
  /** Aborts when the caller goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Sequencer address of the operator that called, when the channel is mutual TLS. */
  readonly peer: Hex | undefined;
};

/** A service and its implementation; made by `grpcHandler`. */
export type GrpcHandler = {
  readonly service: DescService;
  readonly implementation: Readonly<Record<string, (...args: never[]) => unknown>>;
};

/** Pairs a service descriptor with its implementation. */
export function grpcHandler<S extends DescService>(
  service: S,
  implementation: GrpcImplementation<S, CallContext>,
): GrpcHandler {
  return { service, implementation: implementation as unknown as GrpcHandler["implementation"] };
}

/** Options of a server. */
export type GrpcServerOptions = {
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  readonly services: readonly GrpcHandler[];
  /** Mutual TLS between operators; without it the port is for the operator's own network. */
  readonly tls?: PeerTls;
  readonly logger: Logger;
};

/** Starts a server. Thrown `RpcError`s are answered with their status and code, anything else with INTERNAL. */
export async function createGrpcServer(options: GrpcServerOptions): Promise<ListeningServer> {
  const server = new Server({
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
  });
  const stopping = new AbortController();
  for (const handler of options.services) addService(server, handler, { options, stopping });
  const health = new HealthImplementation(
    Object.fromEntries(
      ["", ...options.services.map(({ service }) => service.typeName)].map((name) => [
        name,
        "SERVING",
      ]),
    ),
  );
  health.addToServer(server);
  if (options.tls === undefined)
    addReflection(
      server,
      options.services.map(({ service }) => service),
    );
  const port = await new Promise<number>((resolve, reject) => {
    const address = `${options.host ?? "127.0.0.1"}:${options.port}`;
    server.bindAsync(address, credentials(options.tls), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    close: async () => {
      stopping.abort();
      const forced = setTimeout(() => server.forceShutdown(), 1_000);
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      clearTimeout(forced);
    },
  };
}

function credentials(tls: PeerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const roots = tls.peers.map(({ certificate }) => certificatePem(certificate)).join("");
  const own = {
    cert_chain: Buffer.from(certificatePem(tls.identity.certificate)),
    private_key: Buffer.from(tls.identity.privateKeyPem),
  };
  return ServerCredentials.createSsl(Buffer.from(roots), [own], true);
}

type Scope = { readonly options: GrpcServerOptions; readonly stopping: AbortController };

function addService(server: Server, { service, implementation }: GrpcHandler, scope: Scope): void {
  const handlers: Record<string, UntypedHandleCall> = {};
  for (const method of service.methods) {
    const implement = implementation[method.localName];
    if (implement === undefined) throw new TypeError(`${service.typeName} lacks ${method.name}`);
    const call = implement as (request: unknown, context: CallContext) => unknown;
    const name = `${service.typeName}/${method.name}`;
    handlers[method.localName] =
      method.methodKind === "unary" ? unary(name, call, scope) : streaming(name, call, scope);
  }
  const definition = Object.fromEntries(
    service.methods.map((method) => [method.localName, methodDefinition(method)]),
  );
  server.addService(definition, handlers);
}

type AnyCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;
type Implement = (request: unknown, context: CallContext) => unknown;

function unary(name: string, implement: Implement, scope: Scope): UntypedHandleCall {
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    const work = async () => implement(call.request, callContext(call, scope));
    inTrace(carrierOf(call), () => withSpan(name, {}, work)).then(
      (answer) => callback(null, answer),
      (error: unknown) => callback(wireError(error, name, scope.options.logger)),
    );
  };
}

function streaming(name: string, implement: Implement, scope: Scope): UntypedHandleCall {
  return (call: ServerDuplexStream<unknown, unknown>) => {
    const request = (call as { request?: unknown }).request ?? call;
    const send = async () => {
      const context = callContext(call as unknown as AnyCall, scope);
      const answers = implement(request, context) as AsyncIterable<unknown>;
      for await (const answer of answers) {
        if (context.signal.aborted) break;
        if (!call.write(answer)) await drained(call, context.signal);
      }
    };
    inTrace(carrierOf(call as unknown as AnyCall), send).then(
      () => call.end(),
      // Not destroy(): a destroyed stream sends no status, and the caller would wait for ever.
      (error: unknown) => call.emit("error", wireError(error, name, scope.options.logger)),
    );
  };
}

function callContext(call: AnyCall, { options, stopping }: Scope): CallContext {
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort());
  call.on("close", () => gone.abort());
  const peer =
    options.tls === undefined
      ? undefined
      : peerOfCertificate(options.tls.peers, call.getAuthContext().sslPeerCertificate?.raw);
  if (options.tls !== undefined && peer === undefined) {
    throw new RpcError("UNAUTHENTICATED", "PEER_NOT_REGISTERED");
  }
  return { signal: AbortSignal.any([gone.signal, stopping.signal]), peer: peer?.address };
}

function carrierOf(call: AnyCall): TraceCarrier {
  const value = call.metadata.get("traceparent")[0];
  return typeof value === "string" ? { traceparent: value } : {};
}

function drained(call: ServerDuplexStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const proceed = () => {
      call.off("drain", proceed);
      signal.removeEventListener("abort", proceed);
      resolve();
    };
    call.once("drain", proceed);
    signal.addEventListener("abort", proceed, { once: true });
  });
}

function wireError(error: unknown, method: string, logger: Logger) {
  if (error instanceof RpcError) {
    const details = error.message === error.code ? error.code : `${error.code}: ${error.message}`;
    return { code: status[error.status], details };
  }
  logger.error("call failed", {
    method,
    reason: describeError(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
  return { code: status.INTERNAL, details: "INTERNAL" };
}
