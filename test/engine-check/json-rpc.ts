/** JSON-RPC over HTTP, with the token of the Engine API when there is a secret. */
import { createHmac } from "node:crypto";

/** Calls a method; the caller says what the result is. Throws on an error answer. */
export type CallRpc = <Result>(method: string, params: readonly unknown[]) => Promise<Result>;

const timeoutMs = 30_000;

/** A client of `url`. `secret`: 32 bytes that both sides of the Engine API know. */
export function connectRpc(url: string, secret?: Uint8Array): CallRpc {
  let id = 0;
  return async <Result>(method: string, params: readonly unknown[]) => {
    id += 1;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(secret === undefined ? {} : { authorization: `Bearer ${token(secret)}` }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`${method}: HTTP ${response.status}`);
    const answer = (await response.json()) as { result?: Result; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    if (answer.result === undefined) throw new Error(`${method}: no result`);
    return answer.result;
  };
}

/** JWT with HMAC-SHA256 over the time of issue, seconds (execution-apis, src/engine/authentication.md). */
function token(secret: Uint8Array): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iat: Math.floor(Date.now() / 1_000) };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
