// Failures of talking to an L1 node, told apart by what the caller should do about them.

/** The node did not give a usable answer (down, slow, behind, inconsistent): try again later. */
export class L1UnavailableError extends Error {
  readonly retryable = true;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "L1UnavailableError";
  }
}

/** The node serves another chain than the one configured: trying again does not help. */
export class L1WrongChainError extends Error {
  readonly retryable = false;
  readonly expected: number;
  readonly found: number;
  constructor(chain: { expected: number; found: number }) {
    super(`the L1 node serves chain ${chain.found}, expected ${chain.expected}`);
    this.name = "L1WrongChainError";
    this.expected = chain.expected;
    this.found = chain.found;
  }
}

/** A position in the L1 chain. */
export type L1Cursor = { readonly number: bigint; readonly hash: `0x${string}` };

/** A block that was already delivered as confirmed is not part of the chain any more. */
export class L1DeepReorgError extends Error {
  readonly retryable = false;
  /** Newest block that was delivered. */
  readonly delivered: L1Cursor;
  /** Newest delivered block that is still in the chain, if it is one of those remembered. */
  readonly commonAncestor: L1Cursor | undefined;
  constructor(reorg: { delivered: L1Cursor; commonAncestor: L1Cursor | undefined }) {
    super(`L1 replaced block ${reorg.delivered.number}, which was confirmed`);
    this.name = "L1DeepReorgError";
    this.delivered = reorg.delivered;
    this.commonAncestor = reorg.commonAncestor;
  }
}

/** True for failures that may pass by themselves. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === true;
}
