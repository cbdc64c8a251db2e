/** Which web pages may call (CORS). Pure. */

/** Origins allowed to call from a browser; `"*"` is every origin. Clients that are no browsers send no origin. */
export type AllowedOrigins = readonly string[];

/** Whether a request with this Origin header is served. */
export function isOriginAllowed(origin: string | undefined, allowed: AllowedOrigins): boolean {
  return origin === undefined || allowed.includes("*") || allowed.includes(origin);
}

/** Response headers that let the page read the answer (Fetch standard, "CORS protocol"). */
export function corsHeaders(
  origin: string | undefined,
  allowed: AllowedOrigins,
): Readonly<Record<string, string>> {
  if (origin === undefined || !isOriginAllowed(origin, allowed)) return {};
  return {
    "access-control-allow-origin": allowed.includes("*") ? "*" : origin,
    "access-control-allow-methods": "POST, GET, OPTIONS",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
    vary: "origin",
  };
}
