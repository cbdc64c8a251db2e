/** One run from one seed: validators, actors, crashes, partitions, a lossy time before GST and a calm one after. */
import type { Hex } from "@sequorum/protocol";
import {
  calmLink,
  createPrng,
  createSimNetwork,
  createVirtualClock,
  type LinkConditions,
  type Prng,
} from "@sequorum/testkit";
import {
  defaultTendermintParameters,
  type TendermintParameters,
} from "../../../services/pos-consensus/src/core/tendermint/parameters.ts";
import { type ActorName, byzantineActors } from "./byzantine-actors.ts";
import { createSimApp, type ValidatorsAt } from "./sim-app.ts";
import { simKey } from "./sim-crypto.ts";
import { type CrashPoint, createSimNode, type SimMessage, type SimNode } from "./sim-node.ts";

/** What a run consists of. */
export type Scenario = {
  readonly seed: number;
  readonly powers: readonly bigint[];
  /** Actor of each Byzantine validator, by index. */
  readonly actors: ReadonlyMap<number, ActorName>;
  readonly crashPoints: ReadonlyMap<number, readonly CrashPoint[]>;
  readonly conditions: LinkConditions;
  readonly partitions: readonly {
    readonly atMs: number;
    readonly groups: readonly (readonly number[])[] | undefined;
  }[];
  readonly gstMs: number;
  readonly heights: number;
  /** An honest validator that is in the set at some heights only. */
  readonly commuter: number | undefined;
  readonly parameters: TendermintParameters;
};

/** A finished run. */
export type Run = {
  readonly scenario: Scenario;
  readonly nodes: readonly SimNode[];
  readonly validatorsAt: ValidatorsAt;
  readonly isLive: boolean;
  readonly endMs: number;
  /** Hash over every input of every node in order. */
  readonly traceHash: number;
  readonly eventCount: number;
};

const livenessMsMax = 180_000;
const actorTickMs = 300;
const genesisTimeMs = 1_700_000_000_000n;

/** Draws a scenario; Byzantine validators hold less than a third of the power. */
export function drawScenario(seed: number): Scenario {
  const prng = createPrng(seed);
  const n = prng.integer(4, 7);
  const isUniform = prng.chance(0.5);
  const powers = Array.from({ length: n }, () => BigInt(isUniform ? 10 : prng.integer(1, 20)));
  const actors = drawActors(prng, powers);
  const isCrashing = prng.chance(0.6);
  const crashPoints = new Map<number, readonly CrashPoint[]>();
  for (let i = 0; i < n && isCrashing; i++) {
    if (!actors.has(i) && prng.chance(0.6)) crashPoints.set(i, drawCrashes(prng));
  }
  const gstMs = prng.pick([0, 3_000, 8_000, 15_000]);
  return {
    seed,
    powers,
    actors,
    crashPoints,
    conditions: {
      latencyMsMin: prng.integer(0, 20),
      latencyMsMax: prng.pick([40, 200, 1_500]),
      lossProbability: prng.pick([0, 0.05, 0.3]),
      duplicateProbability: prng.pick([0, 0.1]),
    },
    partitions: drawPartitions(prng, n, gstMs),
    gstMs,
    heights: 6,
    commuter: drawCommuter(prng, powers, actors),
    parameters: defaultTendermintParameters,
  };
}

/** Runs a scenario to the target height, or to the end of patience after GST. */
export function runScenario(scenario: Scenario): Run {
  const prng = createPrng(`run/${scenario.seed}`);
  const clock = createVirtualClock();
  const trace = createTrace();
  const keys = scenario.powers.map((_, i) => simKey(i));
  const validators = keys.map(({ address }, i) => ({ address, power: scenario.powers[i] ?? 1n }));
  const validatorsAt: ValidatorsAt = (height) =>
    height % 3n === 0n ? validators.filter((_, i) => i !== scenario.commuter) : validators;
  const app = createSimApp(validatorsAt);
  const byAddress = new Map<string, SimNode>();
  const network = createSimNetwork<SimMessage>({
    clock,
    prng: prng.fork("network"),
    conditions: scenario.conditions,
    deliver: (from, to, message) => byAddress.get(to)?.receive(from as Hex, message),
  });
  const nodes = keys.map((key, i) => {
    const peers = keys.map(({ address }) => address).filter((address) => address !== key.address);
    const transmit = (to: Hex, message: SimMessage) => network.send(key.address, to, message);
    const actorName = scenario.actors.get(i);
    const create = actorName === undefined ? undefined : byzantineActors[actorName];
    const actor = create?.({ key, peers, prng: prng.fork(`actor ${i}`), transmit });
    const node = createSimNode({
      key,
      app,
      validatorsAt,
      parameters: scenario.parameters,
      clock,
      prng: prng.fork(`node ${i}`),
      isHonest: actor === undefined,
      crashPoints: scenario.crashPoints.get(i) ?? [],
      transmit,
      trace: trace.add,
      genesisTimeMs,
      outlet: (self, message, to) => {
        if (actor !== undefined) return actor.onMessage(self, message, to);
        for (const peer of to === undefined ? peers : [to]) transmit(peer, message);
      },
    });
    byAddress.set(key.address, node);
    if (actor !== undefined) {
      const tick = (): void => {
        if (node.isUp()) actor.onTick(node);
        clock.schedule(actorTickMs, tick);
      };
      clock.schedule(actorTickMs, tick);
    }
    return node;
  });
  for (const { atMs, groups } of scenario.partitions) {
    const named = groups?.map((group) => group.map((i) => keys[i]?.address ?? "0x"));
    clock.schedule(atMs, () => network.partition(named));
  }
  clock.schedule(scenario.gstMs, () => {
    network.partition(undefined);
    network.setConditions(calmLink);
  });
  for (const node of nodes) clock.schedule(prng.integer(0, 500), node.start);
  scheduleWork(nodes, clock.schedule, prng.fork("work"));
  const isDone = () =>
    nodes.every((node) => !node.isHonest || node.disk.chain.length >= scenario.heights);
  const isLive = clock.run(scenario.gstMs + livenessMsMax, isDone);
  return {
    scenario,
    nodes,
    validatorsAt,
    isLive,
    endMs: clock.nowMs(),
    traceHash: trace.hash(),
    eventCount: clock.eventCount(),
  };
}

/** One line that says what a scenario contains. */
export function describeScenario(scenario: Scenario): string {
  const actors = [...scenario.actors].map(([i, name]) => `${i}:${name}`).join(" ");
  return `seed ${scenario.seed}: powers ${scenario.powers.join(",")} actors [${actors}] GST ${scenario.gstMs} ms`;
}

function drawActors(prng: Prng, powers: readonly bigint[]): Map<number, ActorName> {
  const names = Object.keys(byzantineActors) as ActorName[];
  const total = powers.reduce((sum, power) => sum + power, 0n);
  const actors = new Map<number, ActorName>();
  let byzantine = 0n;
  for (const i of prng.shuffle(powers.map((_, at) => at))) {
    const power = powers[i] ?? 0n;
    if (3n * (byzantine + power) >= total || prng.chance(0.15)) continue;
    byzantine += power;
    actors.set(i, prng.pick(names));
  }
  return actors;
}

/** Somebody honest without whom the Byzantine power is still below a third. */
function drawCommuter(
  prng: Prng,
  powers: readonly bigint[],
  actors: ReadonlyMap<number, ActorName>,
): number | undefined {
  const total = powers.reduce((sum, power) => sum + power, 0n);
  const byzantine = powers.reduce((sum, power, i) => (actors.has(i) ? sum + power : sum), 0n);
  const candidates = powers.flatMap((power, i) =>
    !actors.has(i) && 3n * byzantine < total - power ? [i] : [],
  );
  return candidates.length === 0 || prng.chance(0.5) ? undefined : prng.pick(candidates);
}

function drawCrashes(prng: Prng): CrashPoint[] {
  const points: CrashPoint[] = [];
  let atWrite = 0;
  for (let i = prng.integer(1, 4); i > 0; i--) {
    atWrite += prng.integer(1, 12);
    points.push({ atWrite, isAfterWrite: prng.chance(0.5), downMs: prng.pick([1, 100, 2_000]) });
  }
  return points;
}

function drawPartitions(prng: Prng, n: number, gstMs: number): Scenario["partitions"] {
  const partitions: { atMs: number; groups: number[][] | undefined }[] = [];
  for (let atMs = prng.integer(0, 2_000); atMs < gstMs; atMs += prng.integer(500, 4_000)) {
    const shuffled = prng.shuffle(Array.from({ length: n }, (_, i) => i));
    const cut = prng.integer(0, n);
    const groups = cut === 0 ? undefined : [shuffled.slice(0, cut), shuffled.slice(cut)];
    partitions.push({ atMs, groups });
  }
  return partitions;
}

/** L2 blocks become known at different times, and transactions arrive. */
function scheduleWork(
  nodes: readonly SimNode[],
  schedule: (afterMs: number, event: () => void) => void,
  prng: Prng,
): void {
  for (let height = 1; height <= 20; height++) {
    for (const node of nodes) {
      schedule(height * 700 + prng.integer(0, 900), () => node.growView(BigInt(height)));
    }
    for (const node of nodes) {
      const transaction: Hex = `0xaa${height.toString(16).padStart(4, "0")}`;
      schedule(height * 400 + prng.integer(0, 300), () => node.addTransaction(transaction));
    }
  }
}

function createTrace(): { add: (line: string) => void; hash: () => number } {
  let hash = 0x811c9dc5;
  return {
    add: (line) => {
      for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    },
    hash: () => hash >>> 0,
  };
}
