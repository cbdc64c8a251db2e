/** Metrics of the JSON-RPC server. Labels are bounded: methods of the table, names of errors, fixed words. */
import type { Metrics } from "@sequorum/service";
import type { ErrorName } from "./errors.ts";

/** Why a connection or a message was turned away or cut. */
export type CutReason =
  | "connectionsMax"
  | "webSocketsMax"
  | "inFlightMax"
  | "inFlightPerConnectionMax"
  | "queuedPerConnectionMax"
  | "messageBytesMax"
  | "bodyBytesInMemoryMax"
  | "headersOrBodyTimeout"
  | "malformedHttp"
  | "responseReadTimeout"
  | "slowSubscriber"
  | "noPong"
  | "originRefused"
  | "eventsOverflowed";

/** What the server reports. */
export type JsonRpcMetrics = {
  readonly requestAnswered: (request: {
    /** A method of the table, "unknown" or "invalid". */
    readonly method: string;
    readonly outcome: ErrorName | "success";
    readonly seconds: number;
  }) => void;
  readonly cut: (reason: CutReason) => void;
  readonly connections: (transport: "http" | "websocket", open: number) => void;
  readonly inFlight: (messages: number) => void;
  readonly filters: (installed: number) => void;
};

/** Registers the metrics; to be called once per registry. */
export function createJsonRpcMetrics(metrics: Metrics): JsonRpcMetrics {
  const requests = metrics.counter({
    name: "json_rpc_requests_total",
    help: "JSON-RPC requests answered, by method and outcome",
    labels: ["method", "outcome"],
  });
  const seconds = metrics.histogram({
    name: "json_rpc_request_duration_seconds",
    help: "Time from reading a JSON-RPC request to its answer",
    labels: ["method"],
  });
  const cuts = metrics.counter({
    name: "json_rpc_cuts_total",
    help: "Connections and messages turned away or cut, by the limit that was passed",
    labels: ["reason"],
  });
  const connections = metrics.gauge({
    name: "json_rpc_connections",
    help: "Open connections; http counts upgraded ones too",
    labels: ["transport"],
  });
  const inFlight = metrics.gauge({
    name: "json_rpc_messages_in_flight",
    help: "Messages being worked on",
  });
  const filters = metrics.gauge({ name: "json_rpc_filters", help: "Installed filters" });
  return {
    requestAnswered: (request) => {
      requests.add({ method: request.method, outcome: request.outcome });
      seconds.observe(request.seconds, { method: request.method });
    },
    cut: (reason) => cuts.add({ reason }),
    connections: (transport, open) => connections.set(open, { transport }),
    inFlight: (messages) => inFlight.set(messages),
    filters: (installed) => filters.set(installed),
  };
}
