/** The two ports that every service has: gRPC for the operator's other services, HTTP for health and metrics. */
import { createGrpcServer, type GrpcHandler } from "./grpc-server.ts";
import { type ListeningServer, startHttpServer } from "./http-server.ts";
import type { Resources } from "./lifecycle.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** Where to listen; port 0 takes a free one. */
export type OwnPorts = {
  readonly grpcHost: string;
  readonly grpcPort: number;
  readonly httpHost: string;
  readonly httpPort: number;
};

/** What the ports answer. */
export type OwnAnswers = {
  readonly rpc: GrpcHandler;
  readonly ready: () => boolean | Promise<boolean>;
  readonly metrics: Metrics;
  readonly logger: Logger;
};

/** Opens both ports; they are closed with the resources. */
export async function openOwnPorts(
  { grpcHost, grpcPort, httpHost, httpPort }: OwnPorts,
  { rpc, ready, metrics, logger }: OwnAnswers,
  resources: Resources,
): Promise<{ readonly grpc: ListeningServer; readonly http: ListeningServer }> {
  const close = (server: ListeningServer) => server.close();
  const grpc = resources.add(
    await createGrpcServer({ port: grpcPort, host: grpcHost, services: [rpc], logger }),
    close,
  );
  const http = resources.add(
    await startHttpServer({ port: httpPort, host: httpHost, ready, metrics }),
    close,
  );
  return { grpc, http };
}
