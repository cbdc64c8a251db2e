/** The JSON-RPC 2.0 envelope: reading requests and writing answers. Pure. */
import { errorCodes, JsonRpcFailure } from "./errors.ts";
import { isJsonObject, type Json } from "./json.ts";

/** Id of a request, given back with the answer. */
export type RequestId = string | number | null;

/** A request; without an id it is a notification and gets no answer. */
export type JsonRpcRequest = {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: unknown;
};

/** Longest method name and id that are looked at. */
const nameCharactersMax = 128;

/** Reads one request (JSON-RPC 2.0, section 4); throws `JsonRpcFailure` when it is none. */
export function readRequest(value: unknown): JsonRpcRequest {
  if (!isJsonObject(value)) throw invalidRequest("a request is an object");
  const { jsonrpc, id, method, params } = value;
  if (jsonrpc !== "2.0") throw invalidRequest('jsonrpc must be "2.0"');
  if (id !== undefined && !isRequestId(id))
    throw invalidRequest("an id is a string, a number or null");
  if (typeof method !== "string" || method.length > nameCharactersMax) {
    throw invalidRequest("a method is a short string");
  }
  return { id, method, params };
}

/** The id to answer an invalid request with: its own if it has a valid one, else null (section 5). */
export function idOfInvalid(value: unknown): RequestId {
  if (!isJsonObject(value)) return null;
  return isRequestId(value["id"]) ? value["id"] : null;
}

/** The answer to a request that succeeded. */
export function successAnswer(id: RequestId, result: Json): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

/** The answer to a request that failed. */
export function errorAnswer(id: RequestId, failure: JsonRpcFailure): string {
  const { errorName, message, data } = failure;
  const error = { code: errorCodes[errorName], message, ...(data === undefined ? {} : { data }) };
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}

function invalidRequest(fact: string): JsonRpcFailure {
  return new JsonRpcFailure("invalidRequest", fact);
}

function isRequestId(value: unknown): value is RequestId {
  if (value === null || typeof value === "number") return true;
  return typeof value === "string" && value.length <= nameCharactersMax;
}
