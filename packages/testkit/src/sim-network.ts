/** A simulated network: latency, loss, duplication, reordering (by random latency) and partitions, all from one seed. */
import type { Prng } from "./prng.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What may happen to a message. */
export type LinkConditions = {
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  readonly lossProbability: number;
  readonly duplicateProbability: number;
};

/** A network between named nodes. */
export type SimNetwork<Message> = {
  readonly send: (from: string, to: string, message: Message) => void;
  readonly setConditions: (conditions: LinkConditions) => void;
  /** Messages pass only within a group; a node in no group is alone. `undefined` heals. */
  readonly partition: (groups: readonly (readonly string[])[] | undefined) => void;
  readonly counts: () => {
    readonly sent: number;
    readonly lost: number;
    readonly delivered: number;
  };
};

/** A quick network that loses nothing. */
export const calmLink: LinkConditions = {
  latencyMsMin: 1,
  latencyMsMax: 20,
  lossProbability: 0,
  duplicateProbability: 0,
};

/** Creates a network; `deliver` is called at the time of arrival. A partition also cuts messages on their way. */
export function createSimNetwork<Message>(options: {
  readonly clock: VirtualClock;
  readonly prng: Prng;
  readonly conditions: LinkConditions;
  readonly deliver: (from: string, to: string, message: Message) => void;
}): SimNetwork<Message> {
  const { clock, prng, deliver } = options;
  let conditions = options.conditions;
  let groups: readonly (readonly string[])[] | undefined;
  const counts = { sent: 0, lost: 0, delivered: 0 };
  const isConnected = (from: string, to: string): boolean =>
    groups === undefined || groups.some((group) => group.includes(from) && group.includes(to));
  const transmit = (from: string, to: string, message: Message): void => {
    const latencyMs = prng.integer(conditions.latencyMsMin, conditions.latencyMsMax);
    clock.schedule(latencyMs, () => {
      if (!isConnected(from, to)) {
        counts.lost += 1;
        return;
      }
      counts.delivered += 1;
      deliver(from, to, message);
    });
  };
  return {
    send: (from, to, message) => {
      counts.sent += 1;
      if (!isConnected(from, to) || prng.chance(conditions.lossProbability)) {
        counts.lost += 1;
        return;
      }
      transmit(from, to, message);
      if (prng.chance(conditions.duplicateProbability)) transmit(from, to, message);
    },
    setConditions: (next) => {
      conditions = next;
    },
    partition: (next) => {
      groups = next;
    },
    counts: () => ({ ...counts }),
  };
}
