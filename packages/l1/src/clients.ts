// The viem client through which every service reads L1: checked chain id, bounded waits, bounded retries.

import { createPublicClient, defineChain, http, type PublicClient, type Transport } from "viem";
import { L1UnavailableError, L1WrongChainError } from "./errors.ts";

/** Options of {@link createL1Client}. */
export type L1ClientOptions = {
  readonly rpcUrl: string;
  /** Chain id that the node must serve; checked before the first answer is used. */
  readonly chainId: number;
  /** Limit for one request, in milliseconds (default 5,000). */
  readonly timeoutMs?: number;
  /** Extra attempts for one request that failed in transport (default 1). Loops above retry for longer. */
  readonly retriesMax?: number;
};

/** A viem public client for L1. */
export type L1Client = PublicClient<Transport, ReturnType<typeof l1Chain>>;

/**
 * Opens a client without talking to the node yet, so that a service starts while L1 is down. The chain id is verified
 * before the first request; a wrong chain fails every request with {@link L1WrongChainError} in the cause chain.
 */
export function createL1Client(options: L1ClientOptions): L1Client {
  const base = http(options.rpcUrl, {
    timeout: options.timeoutMs ?? 5_000,
    retryCount: options.retriesMax ?? 1,
    retryDelay: 100,
  });
  return createPublicClient({
    chain: l1Chain(options.chainId, options.rpcUrl),
    transport: verifyingChainId(base, options.chainId),
    cacheTime: 0,
  });
}

/** Finds the error of this package behind viem's wrapping; anything that is not an answer of the node is "unavailable". */
export function toL1Error(error: unknown): Error {
  for (const cause of causes(error)) {
    if (cause instanceof L1WrongChainError || cause instanceof L1UnavailableError) return cause;
  }
  const message = error instanceof Error ? firstLine(error.message) : String(error);
  return new L1UnavailableError(message, { cause: error });
}

/** An error and everything it was caused by, outermost first (at most 16). */
export function causes(error: unknown): readonly unknown[] {
  const found: unknown[] = [];
  let current = error;
  while (current !== undefined && current !== null && found.length < 16) {
    found.push(current);
    current = typeof current === "object" && "cause" in current ? current.cause : undefined;
  }
  return found;
}

function l1Chain(chainId: number, rpcUrl: string) {
  return defineChain({
    id: chainId,
    name: `l1-${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
}

function verifyingChainId(base: Transport, expected: number): Transport {
  return (parameters) => {
    const transport = base(parameters);
    let verified: Promise<void> | undefined;
    const verify = async (): Promise<void> => {
      const found = Number(await transport.request({ method: "eth_chainId" }));
      if (found !== expected) throw new L1WrongChainError({ expected, found });
    };
    const request = (async (...args: Parameters<typeof transport.request>) => {
      verified ??= verify();
      try {
        await verified;
      } catch (error) {
        verified = undefined; // The next request asks again: the node may have been down, or was repaired.
        throw error;
      }
      return transport.request(...args);
    }) as typeof transport.request;
    return { ...transport, request };
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
