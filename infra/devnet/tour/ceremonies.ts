/** Key generation and the first batch as the PoS chain decided them, from one operator's decision stream. */
import { PosConsensusService } from "@sequorum/proto/consensus";
import type { Decision } from "@sequorum/proto/events";
import { createGrpcClient, sleep } from "@sequorum/service";
import type { Operator } from "../devnet.ts";

/** What was seen so far. Durations are between PoS block times. */
export type Ceremonies = {
  dkgMs(): number | undefined;
  /** When the first batch was seen on L1, milliseconds since 1970. */
  firstBatchAtMs(): number | undefined;
  stop(): void;
};

/** Follows the decisions from the first on. */
export function watchCeremonies({ ports }: Operator): Ceremonies {
  const client = createGrpcClient(PosConsensusService, `127.0.0.1:${ports.posConsensusGrpc}`);
  const stopping = new AbortController();
  let openedAtMs: number | undefined;
  let next = 1n;
  let dkgMs: number | undefined;
  let firstBatchAtMs: number | undefined;

  function onDecision({ kind, timeMs }: Decision): void {
    const atMs = Number(timeMs);
    switch (kind.case) {
      case "ceremonyOpened":
        openedAtMs ??= atMs;
        break;
      case "ceremonyCompleted":
        dkgMs ??= atMs - (openedAtMs ?? atMs);
        break;
      case "batchPosted":
        firstBatchAtMs ??= atMs;
        break;
    }
  }

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const stream = client.streamDecisions({ fromSequence: next }, { signal: stopping.signal });
        for await (const { event } of stream) {
          if (event === undefined) continue;
          next = event.sequence + 1n;
          if (event.payload.case === "decision") onDecision(event.payload.value);
        }
      } catch {
        // the operator is not up yet, or down for a moment
      }
      await sleep(500, stopping.signal).catch(() => {});
    }
  }
  follow().finally(() => client.close());

  return {
    dkgMs: () => dkgMs,
    firstBatchAtMs: () => firstBatchAtMs,
    stop: () => stopping.abort(),
  };
}
