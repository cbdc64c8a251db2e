/** From the text of a message to the text of its answer: envelope, method table, limits, errors, metrics. */
import type { Logger } from "@sequorum/service";
import { StatePruned } from "../ports.ts";
import type { Context, Session } from "./context.ts";
import {
  errorAnswer,
  idOfInvalid,
  readRequest,
  type RequestId,
  successAnswer,
} from "./envelope.ts";
import { type ErrorName, JsonRpcFailure, limitExceeded, statePruned } from "./errors.ts";
import { type Json, jsonDepth, parseJson } from "./json.ts";
import type { MethodTable } from "./methods.ts";
import type { JsonRpcMetrics } from "./metrics.ts";

/** Answers one message; `undefined` when there is nothing to answer (notifications only). Never throws. */
export type Dispatch = (text: string, session?: Session) => Promise<string | undefined>;

/** What `createDispatch` needs. */
export type DispatchDeps = {
  readonly context: Context;
  readonly methods: MethodTable;
  readonly metrics: JsonRpcMetrics;
  readonly logger: Logger;
};

/** Binds the method table to a dispatcher. */
export function createDispatch(deps: DispatchDeps): Dispatch {
  const { limits } = deps.context;
  return async (text, session) => {
    if (jsonDepth(text) > limits.jsonDepthMax) {
      return refuse(deps, new JsonRpcFailure("invalidRequest", "too many nested values"));
    }
    const message = parseJson(text);
    if (message === undefined) return refuse(deps, new JsonRpcFailure("parseError", "parse error"));
    if (!Array.isArray(message)) return answer(deps, message, session);
    if (message.length === 0) {
      return refuse(deps, new JsonRpcFailure("invalidRequest", "empty batch"));
    }
    if (message.length > limits.batchItemsMax) {
      return refuse(
        deps,
        limitExceeded(`batch has more than ${limits.batchItemsMax} requests`, "batchItemsMax"),
      );
    }
    return answerBatch(deps, message, session);
  };
}

/** In order, one after another: a batch may not take more of the node than a single request, and sends keep order. */
async function answerBatch(
  deps: DispatchDeps,
  batch: readonly unknown[],
  session: Session,
): Promise<string | undefined> {
  const { batchTimeoutMs, responseCharactersMax } = deps.context.limits;
  const deadlineMs = performance.now() + batchTimeoutMs;
  const answers: string[] = [];
  let charactersLeft = responseCharactersMax;
  for (const item of batch) {
    const spent = charactersLeft <= 0 ? tooLarge() : timedOutAfter(deadlineMs);
    const text = spent === undefined ? await answer(deps, item, session) : failed(item, spent);
    if (text === undefined) continue;
    charactersLeft -= text.length;
    answers.push(charactersLeft > 0 ? text : failed(item, tooLarge()));
  }
  return answers.length === 0 ? undefined : `[${answers.join(",")}]`;
}

async function answer(
  deps: DispatchDeps,
  item: unknown,
  session: Session,
): Promise<string | undefined> {
  let id: RequestId | undefined = idOfInvalid(item);
  let method = "invalid";
  const startedAtMs = performance.now();
  let outcome: ErrorName | "success" = "success";
  let text: string | undefined;
  try {
    const request = readRequest(item);
    id = request.id;
    method = deps.methods.has(request.method) ? request.method : "unknown";
    const result = await perform(deps, request, session);
    text = id === undefined ? undefined : checkedSuccess(deps, id, result);
  } catch (error) {
    const failure = toFailure(deps, method, error);
    outcome = failure.errorName;
    text = id === undefined ? undefined : errorAnswer(id, failure);
  }
  deps.metrics.requestAnswered({
    method,
    outcome,
    seconds: (performance.now() - startedAtMs) / 1000,
  });
  return text;
}

async function perform(
  { context, methods }: DispatchDeps,
  request: { readonly method: string; readonly params: unknown },
  session: Session,
): Promise<Json> {
  const method = methods.get(request.method);
  if (method === undefined) {
    throw new JsonRpcFailure(
      "methodNotFound",
      `the method ${request.method} does not exist/is not available`,
    );
  }
  return withDeadline(method(context, request.params, session), context.limits.requestTimeoutMs);
}

/** The work itself cannot be stopped from here; the client is told, and what it costs stays bounded by the executor. */
async function withDeadline(work: Promise<Json>, timeoutMs: number): Promise<Json> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut()), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function checkedSuccess({ context }: DispatchDeps, id: RequestId, result: Json): string {
  const text = successAnswer(id, result);
  if (text.length > context.limits.responseCharactersMax) throw tooLarge();
  return text;
}

function failed(item: unknown, failure: JsonRpcFailure): string {
  return errorAnswer(idOfInvalid(item), failure);
}

function timedOutAfter(deadlineMs: number): JsonRpcFailure | undefined {
  return performance.now() > deadlineMs ? timedOut() : undefined;
}

function timedOut(): JsonRpcFailure {
  return new JsonRpcFailure("timeout", "request timed out");
}

function tooLarge(): JsonRpcFailure {
  return new JsonRpcFailure("responseTooLarge", "response is too large");
}

function refuse({ metrics }: DispatchDeps, failure: JsonRpcFailure): string {
  metrics.requestAnswered({ method: "invalid", outcome: failure.errorName, seconds: 0 });
  return errorAnswer(null, failure);
}

/** A bug in a read must not become a way to stop the node: it is logged, and the client learns nothing of it. */
function toFailure({ logger }: DispatchDeps, method: string, error: unknown): JsonRpcFailure {
  if (error instanceof JsonRpcFailure) return error;
  if (error instanceof StatePruned) return statePruned(error);
  logger.error("json-rpc method failed", {
    method,
    error: error instanceof Error ? error.stack : error,
  });
  return new JsonRpcFailure("internalError", "internal error");
}
