/** Every bound of the JSON-RPC server, by name and unit. README.md explains each. */

/** Bounds of the server; `defaultJsonRpcLimits` has the values used unless configured. */
export type JsonRpcLimits = {
  /** Open TCP connections, HTTP and WebSocket together; further ones are refused. */
  readonly connectionsMax: number;
  /** Open WebSockets; further upgrades get 503. */
  readonly webSocketsMax: number;
  /** Bytes of an HTTP body or a WebSocket message. */
  readonly messageBytesMax: number;
  /** Bytes of unfinished HTTP bodies in all; beyond it further bodies are refused with 503. */
  readonly bodyBytesInMemoryMax: number;
  /** Bytes of HTTP request headers. */
  readonly headerBytesMax: number;
  /** Nested arrays and objects in a message. */
  readonly jsonDepthMax: number;
  /** Requests in one batch. */
  readonly batchItemsMax: number;
  /** Characters of one answer; of a batch, all its answers together. */
  readonly responseCharactersMax: number;
  /** Time from connection to the end of the request's headers. */
  readonly headersTimeoutMs: number;
  /** Time from connection to the end of the request's body. */
  readonly bodyTimeoutMs: number;
  /** Idle time after which a kept-alive HTTP connection is closed. */
  readonly idleTimeoutMs: number;
  /** Time a client may take to read one HTTP answer. */
  readonly responseReadTimeoutMs: number;
  /** Time one request may be worked on. */
  readonly requestTimeoutMs: number;
  /** Time after which the rest of a batch is answered with a timeout. */
  readonly batchTimeoutMs: number;
  /** Messages of one connection being worked on; a WebSocket beyond it is not read, HTTP gets 429. */
  readonly inFlightPerConnectionMax: number;
  /** Messages of a WebSocket waiting behind those; beyond it they are refused. */
  readonly queuedPerConnectionMax: number;
  /** Messages being worked on in all; beyond it they are refused with 503. */
  readonly inFlightMax: number;
  /** Unsent bytes to one WebSocket; past it the subscriber is disconnected. */
  readonly webSocketUnsentBytesMax: number;
  /** Interval of pings; a WebSocket that did not answer the previous one is disconnected. */
  readonly webSocketPingIntervalMs: number;
  /** Subscriptions of one WebSocket. */
  readonly subscriptionsPerConnectionMax: number;
  /** Installed filters in all. */
  readonly filtersMax: number;
  /** A filter not polled for this long is removed. */
  readonly filterIdleMs: number;
  /** Chain events waiting to be told; past it all subscribers are disconnected and all filters removed. */
  readonly eventsQueuedMax: number;
  /** Changes that a filter holds between two polls; past it the filter is removed. */
  readonly filterChangesMax: number;
  /** Blocks that one log query may span. */
  readonly logBlocksMax: number;
  /** Logs that one query may return. */
  readonly logResultsMax: number;
  /** Addresses of a log query, and alternatives of one topic position. */
  readonly logAlternativesMax: number;
  /** Gas that a simulated call may use; a higher wish is lowered to it, as geth. */
  readonly callGasMax: bigint;
  /** Blocks of eth_feeHistory. */
  readonly feeHistoryBlocksMax: number;
  /** Percentiles of eth_feeHistory. */
  readonly feePercentilesMax: number;
  /** Storage slots of one eth_getProof. */
  readonly proofSlotsMax: number;
  /** Steps in the answer of debug_traceCall and debug_traceTransaction. */
  readonly traceStepsMax: number;
  /** Bytes of a trace in memory, of which a step with its stack takes 50 to 500 without its frame's memory. */
  readonly traceBytesMax: number;
  /** Time that requests in flight get to finish when the server closes. */
  readonly drainMs: number;
};

/** The limits used unless configured. */
export const defaultJsonRpcLimits: JsonRpcLimits = {
  connectionsMax: 1024,
  webSocketsMax: 512,
  messageBytesMax: 1024 * 1024,
  bodyBytesInMemoryMax: 64 * 1024 * 1024,
  headerBytesMax: 8 * 1024,
  jsonDepthMax: 32,
  batchItemsMax: 100,
  responseCharactersMax: 16_000_000,
  headersTimeoutMs: 5_000,
  bodyTimeoutMs: 15_000,
  idleTimeoutMs: 60_000,
  responseReadTimeoutMs: 30_000,
  requestTimeoutMs: 10_000,
  batchTimeoutMs: 30_000,
  inFlightPerConnectionMax: 8,
  queuedPerConnectionMax: 256,
  inFlightMax: 256,
  webSocketUnsentBytesMax: 4 * 1024 * 1024,
  webSocketPingIntervalMs: 30_000,
  subscriptionsPerConnectionMax: 64,
  filtersMax: 1024,
  filterIdleMs: 300_000,
  eventsQueuedMax: 4_096,
  filterChangesMax: 10_000,
  logBlocksMax: 10_000,
  logResultsMax: 10_000,
  logAlternativesMax: 1_000,
  callGasMax: 50_000_000n,
  feeHistoryBlocksMax: 256,
  feePercentilesMax: 100,
  proofSlotsMax: 1_024,
  traceStepsMax: 20_000,
  traceBytesMax: 4 * 1024 * 1024,
  drainMs: 2_000,
};
