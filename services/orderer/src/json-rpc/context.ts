/** What a method's handler may use. */
import type { CallExecutor, ChainReader, TransactionPool } from "../ports.ts";
import type { FilterRegistry } from "./filters.ts";
import type { JsonRpcLimits } from "./limits.ts";
import type { NodeInfo } from "./ports.ts";
import type { SubscriptionScope } from "./subscriptions.ts";

/** Shared by all requests. */
export type Context = {
  readonly reader: ChainReader;
  readonly executor: CallExecutor;
  readonly pool: TransactionPool;
  readonly node: NodeInfo;
  readonly filters: FilterRegistry;
  readonly limits: JsonRpcLimits;
};

/** The connection that a request came on: a WebSocket can be notified, HTTP cannot (undefined). */
export type Session = SubscriptionScope | undefined;
