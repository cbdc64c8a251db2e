/** Errors of the environment. Bad input is a returned value and a bug is an `AssertionFailure`; neither is one of these. */

/** Something outside failed in a way that may pass: try again. */
export class RetryableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RetryableError";
  }
}

/** Something outside failed for good: the service must stop, and the message says what the operator does. */
export class FatalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FatalError";
  }
}

/** Names of gRPC status codes that handlers answer with. */
export type RpcStatus =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "UNAVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "INTERNAL";

/** An answer that is an error: `status` for the transport, `code` a documented rejection code. */
export class RpcError extends Error {
  readonly status: RpcStatus;
  readonly code: string;
  constructor(status: RpcStatus, code: string, message: string = code) {
    super(message);
    this.name = "RpcError";
    this.status = status;
    this.code = code;
  }
}

/** One line that describes any thrown value. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` (${describeError(error.cause)})`;
  return `${error.message || error.name}${cause}`;
}
