/** Random transactions: mostly sound, with gas limits that end somewhere within the program. */
import type { Hex } from "@sequorum/protocol";
import type { Prng } from "@sequorum/testkit";
import { fuzzChainId, type StartPlan, type TransactionPlan } from "./case.ts";
import { precompileInput } from "./precompile-inputs.ts";
import { pickWeighted, randomBytes, randomWord, type Weighted } from "./random.ts";
import { senderAddresses } from "./signing.ts";

/** What transactions are made in view of. */
export type TransactionWorld = {
  readonly prng: Prng;
  readonly start: StartPlan;
  readonly contracts: readonly Hex[];
  readonly others: readonly Hex[];
  readonly initCode: () => Uint8Array;
};

/** Senders whose transactions are sound: the last two of the keys are poor, or have code. */
const soundSenders = senderAddresses.length - 2;
/** The sender with little. */
export const poorSender = soundSenders;
/** The sender with code. */
export const codedSender = soundSenders + 1;

/** A transaction to the contract, or to anything. */
export function randomTransaction(
  world: TransactionWorld,
  target: Hex | undefined,
): TransactionPlan {
  const { prng } = world;
  const plan = soundTransaction(world, target);
  return prng.chance(0.93) ? plan : pickWeighted(prng, faults)(plan, world);
}

function soundTransaction(world: TransactionWorld, target: Hex | undefined): TransactionPlan {
  const { prng, start } = world;
  const type = prng.pick([0, 1, 2, 2] as const);
  const [to, data] = target === undefined ? anyTarget(world) : [target, callData(prng)];
  const accessList = type === 0 || prng.chance(0.5) ? [] : randomAccessList(world);
  const intrinsic = intrinsicGas(to, data, accessList);
  const tip = BigInt(prng.integer(0, 1_000));
  return {
    type,
    chainId: fuzzChainId,
    sender: prng.integer(0, soundSenders - 1),
    nonceShift: 0n,
    isSound: true,
    // the base fee rises by an eighth a block at most
    feeCap: start.baseFeePerGas * 2n + tip + BigInt(prng.integer(0, 500)),
    tip,
    gasLimit: intrinsic + executionGas(prng, start),
    to,
    value: prng.chance(0.7) ? 0n : BigInt(prng.integer(1, 1_000)),
    data,
    accessList,
    damage: { type: "none" },
  };
}

/** Spread over the sizes of programs, so that gas ends at every place; seldom plenty. */
function executionGas(prng: Prng, { gasLimit }: StartPlan): bigint {
  const kind = prng.next();
  if (gasLimit > 30_000_000n && kind < 0.03) return 1n << 36n;
  if (kind < 0.1) return BigInt(prng.integer(0, 100));
  if (kind < 0.5) return BigInt(prng.integer(0, 20_000));
  if (kind < 0.98 || gasLimit < 30_000_000n) return BigInt(prng.integer(10_000, 200_000));
  return BigInt(prng.integer(200_000, 2_000_000));
}

function anyTarget(world: TransactionWorld): [Hex | null, Uint8Array] {
  const { prng } = world;
  const kind = prng.next();
  if (kind < 0.5) return [null, prng.chance(0.95) ? world.initCode() : randomBytes(prng, 50)];
  if (kind < 0.7) return [prng.pick(world.others), callData(prng)];
  if (kind < 0.85) {
    const number = prng.pick([1, 2, 3, 4, 5, 6, 7, 9]);
    return [`0x${number.toString(16).padStart(40, "0")}`, precompileInput(prng, number)];
  }
  return [prng.pick(world.contracts), callData(prng)];
}

function callData(prng: Prng): Uint8Array {
  if (prng.chance(0.3)) return new Uint8Array(0);
  if (prng.chance(0.5)) return randomBytes(prng, prng.integer(1, 100));
  const words = Array.from({ length: prng.integer(1, 3) }, () => randomWord(prng));
  return Buffer.from(words.map((word) => word.toString(16).padStart(64, "0")).join(""), "hex");
}

function randomAccessList({
  prng,
  contracts,
  others,
}: TransactionWorld): TransactionPlan["accessList"] {
  return Array.from({ length: prng.integer(1, 3) }, () => {
    const address = prng.chance(0.8) ? prng.pick(contracts) : prng.pick(others);
    const slots = Array.from({ length: prng.integer(0, 3) }, () => BigInt(prng.integer(0, 5)));
    return [address, slots] as const;
  });
}

/** EIP-2028, EIP-2930, EIP-3860. */
function intrinsicGas(
  to: Hex | null,
  data: Uint8Array,
  list: TransactionPlan["accessList"],
): bigint {
  let gas = to === null ? 53_000 + 2 * Math.ceil(data.length / 32) : 21_000;
  for (const byte of data) gas += byte === 0 ? 4 : 16;
  for (const [, slots] of list) gas += 2_400 + 1_900 * slots.length;
  return BigInt(gas);
}

type MakeFaulty = (plan: TransactionPlan, world: TransactionWorld) => TransactionPlan;

const unsound = (plan: TransactionPlan, changes: Partial<TransactionPlan>): TransactionPlan => ({
  ...plan,
  isSound: false,
  ...changes,
});

/** Each leaves the transaction's other values as they were. */
const faults: Weighted<MakeFaulty> = [
  [1, (plan) => unsound(plan, { nonceShift: 1n })],
  [1, (plan) => unsound(plan, { nonceShift: -1n })],
  [1, (plan) => unsound(plan, { sender: poorSender })],
  [1, (plan) => unsound(plan, { sender: codedSender })],
  [1, (plan) => unsound(plan, { gasLimit: 20_999n })],
  [
    1,
    (plan) => unsound(plan, { gasLimit: intrinsicGas(plan.to, plan.data, plan.accessList) - 1n }),
  ],
  [1, (plan, { start }) => unsound(plan, { gasLimit: start.gasLimit + 1n })],
  [0.3, (plan, { start }) => unsound(plan, { gasLimit: start.gasLimit })],
  [1, (plan) => unsound(plan, { feeCap: 6n, tip: 0n })],
  [1, (plan) => unsound(plan, { tip: plan.feeCap + 1n })],
  [1, (plan) => unsound(plan, { value: 10n ** 31n })],
  [1, (plan) => unsound(plan, { value: 2n ** 256n - 1n })],
  [1, (plan) => unsound(plan, { feeCap: 2n ** 255n })],
  [1, (plan) => unsound(plan, { chainId: 1n })],
  [1, (plan) => unsound(plan, { damage: { type: "unprotected" } })],
  [1, (plan) => unsound(plan, { damage: { type: "highS" } })],
  [1, (plan, { prng }) => unsound(plan, { damage: { type: "cut", by: prng.integer(1, 70) } })],
  [0.5, (plan) => unsound(plan, { damage: { type: "appended", value: 0 } })],
  [0.5, (plan) => unsound(plan, { damage: { type: "otherType", value: 3 } })],
  [0.5, (plan) => unsound(plan, { damage: { type: "otherType", value: 4 } })],
  [0.5, (plan) => unsound(plan, { to: null, data: new Uint8Array(49_153), gasLimit: 1_000_000n })],
  [
    2,
    (plan, { prng }) => {
      const [at, value] = [prng.integer(0, 1_000), prng.integer(0, 255)];
      return unsound(plan, { damage: { type: "changedByte", at, value } });
    },
  ],
];
