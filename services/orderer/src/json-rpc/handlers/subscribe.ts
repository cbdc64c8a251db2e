/** eth_subscribe and eth_unsubscribe: WebSocket only. */
import type { Hex } from "@sequorum/protocol";
import type { Context, Session } from "../context.ts";
import { invalidParams, JsonRpcFailure } from "../errors.ts";
import type { Json } from "../json.ts";
import { anyLog, logQuery } from "../log-filter.ts";
import { boolean, type Parser } from "../params.ts";
import type { SubscriptionKind, SubscriptionScope } from "../subscriptions.ts";

/** eth_subscribe: the meaning of the second parameter depends on the first. */
export function subscribe(
  { limits }: Context,
  [name, option]: readonly [string, unknown],
  session: Session,
): Json {
  const target = notifiable(session);
  return target.subscribe(subscriptionKind(name, option, logQuery(limits)));
}

/** eth_unsubscribe */
export function unsubscribe(_context: Context, [id]: readonly [Hex], session: Session): Json {
  return notifiable(session).unsubscribe(id);
}

function subscriptionKind(
  name: string,
  option: unknown,
  parseQuery: ReturnType<typeof logQuery>,
): SubscriptionKind {
  switch (name) {
    case "newHeads":
      return { type: "newHeads" };
    case "newPendingTransactions":
      return { type: "newPendingTransactions", isFull: optionOr(option, boolean, false) };
    case "logs":
      return { type: "logs", criteria: optionOr(option, parseQuery, anyLog) };
    default:
      throw invalidParams("subscription", "expected newHeads, logs or newPendingTransactions");
  }
}

function optionOr<T>(option: unknown, parse: Parser<T>, fallback: T): T {
  return option === undefined || option === null ? fallback : parse(option, "subscription option");
}

function notifiable(session: Session): SubscriptionScope {
  if (session !== undefined) return session;
  throw new JsonRpcFailure(
    "methodNotFound",
    "notifications not supported: subscribe over WebSocket",
  );
}
