/** ChallengerService: how far the derivation is, and its alarms. */
import { ChallengerService } from "@sequorum/proto/challenger";
import { hexToBytes } from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler, sleep } from "@sequorum/service";
import type { DerivationStatus } from "../ports.ts";
import type { StoredAlarm } from "./derivation-store.ts";

/** Where the answers come from. */
export type ChallengerQueries = {
  readonly status: () => Promise<DerivationStatus>;
  readonly alarmsAfter: (id: bigint) => Promise<readonly StoredAlarm[]>;
};

/** Time between two looks for new alarms. */
const alarmPollMs = 500;

/** The service's handlers. */
export function challengerRpc({ status, alarmsAfter }: ChallengerQueries): GrpcHandler {
  return grpcHandler(ChallengerService, {
    async getStatus() {
      const { verifiedHash, ...rest } = await status();
      return { ...rest, verifiedHash: hexToBytes(verifiedHash) };
    },
    async *streamAlarms(_request, { signal }) {
      for (let last = 0n; !signal.aborted; ) {
        for (const { id, alarm } of await alarmsAfter(last)) {
          const { batchIndex, code, field, height, detail } = alarm;
          const where = [field, height === null ? null : `block ${height}`].filter(
            (part) => part !== null,
          );
          yield { batchIndex, code, detail: [...where, detail].join(": ") };
          last = id;
        }
        await sleep(alarmPollMs, signal).catch(() => {});
      }
    },
  });
}
