/** Makes cases out of random numbers. */
import { type Hex, hexToBytes, keccak256, rlpEncode, rlpUint } from "@sequorum/protocol";
import { createPrng, type Prng } from "@sequorum/testkit";
import type { PlainAccount } from "../conformance/engine.ts";
import { beaconRootsAddress, beaconRootsCode } from "../src/beacon-roots.ts";
import type { BlockPlan, CallPlan, CasePlan, StartPlan, TransactionPlan } from "./case.ts";
import { randomInitCode } from "./creations.ts";
import { randomProgram } from "./program.ts";
import { pickWeighted, randomBytes, randomWord } from "./random.ts";
import { recursor } from "./recursor.ts";
import { senderAddresses } from "./signing.ts";
import {
  codedSender,
  poorSender,
  randomTransaction,
  type TransactionWorld,
} from "./transactions.ts";
import type { Surroundings } from "./writer.ts";

/** Contracts in a case, each with a program of its own. */
export const programsPerCase = 16;

const contractAddresses: readonly Hex[] = Array.from(
  { length: programsPerCase },
  (_, i): Hex => `0x${"c0de".repeat(9)}${(0x10 * i + 0xa).toString(16).padStart(4, "0")}`,
);
const richAccount: Hex = `0x${"e0".repeat(20)}`;
const emptyAccount: Hex = `0x${"e1".repeat(20)}`;
const absentAccount: Hex = `0x${"e2".repeat(20)}`;
const coinbases: readonly Hex[] = [`0x${"cb".repeat(20)}`, richAccount];

/** Case `index` of a seed. */
export function makeCase(seed: string, index: number): CasePlan {
  const prng = createPrng(`${seed}/${index}`);
  const around: Surroundings = {
    contracts: [...contractAddresses, ...createdAddresses()].map(BigInt),
    others: [richAccount, emptyAccount, absentAccount, beaconRootsAddress, ...senderAddresses].map(
      BigInt,
    ),
  };
  const accounts = makeAccounts(prng, around);
  const start = makeStart(prng);
  const world: TransactionWorld = {
    prng,
    start,
    contracts: contractAddresses,
    others: [richAccount, emptyAccount, absentAccount, beaconRootsAddress],
    initCode: () => randomInitCode(prng, () => randomProgram(prng, around, 1)),
  };
  const blocks = [makeBlock(world, true)];
  if (prng.chance(0.5)) blocks.push(makeBlock(world, false));
  const calls = Array.from({ length: prng.integer(0, 3) }, () => makeCall(prng, around));
  return { accounts, start, blocks, calls };
}

/** The programs of a case whose texts are new. */
export function countPrograms(plan: CasePlan): number {
  const creations = plan.blocks.flatMap(({ transactions }) =>
    transactions.filter(({ to }) => to === null),
  );
  return programsPerCase + creations.length;
}

function makeStart(prng: Prng): StartPlan {
  const gasLimit = pickWeighted(prng, [
    [8, 30_000_000n],
    [1, 1_000_000n],
    [1, 1n << 40n],
  ]);
  return {
    number: prng.chance(0.02) ? 258 : prng.integer(0, 3),
    gasLimit,
    gasUsed: prng.pick([0n, gasLimit / 2n, gasLimit / 2n + 1n, gasLimit]),
    baseFeePerGas: prng.pick([7n, 8n, 1_000_000_000n, 1_000_000_007n]),
    timestamp: BigInt(prng.integer(1_000, 2_000_000_000)),
    prevRandao: toHex(randomBytes(prng, 32)),
  };
}

function makeAccounts(prng: Prng, around: Surroundings): PlainAccount[] {
  const plain = { nonce: 0n, code: new Uint8Array(0), storage: [] };
  const accounts: PlainAccount[] = [
    ...senderAccounts(prng, around),
    { ...plain, address: richAccount, balance: 10n ** 18n },
    {
      ...plain,
      address: beaconRootsAddress,
      nonce: 1n,
      balance: 0n,
      code: hexToBytes(beaconRootsCode),
    },
    ...contractAddresses.map((address) => makeContract(prng, address, around)),
  ];
  if (prng.chance(0.3)) accounts.push({ ...plain, address: emptyAccount, balance: 0n });
  if (prng.chance(0.3)) accounts.push({ ...plain, address: `0x${"0".repeat(39)}3`, balance: 1n });
  if (prng.chance(0.5)) {
    accounts.push({ ...plain, address: coinbases[0] ?? richAccount, balance: 5n });
  }
  for (const address of createdAddresses()) {
    if (prng.chance(0.1)) accounts.push(collider(prng, address));
  }
  return accounts;
}

function senderAccounts(prng: Prng, around: Surroundings): PlainAccount[] {
  return senderAddresses.map((address, i) => ({
    address,
    balance: i === poorSender ? 10n ** 6n : 10n ** 30n,
    nonce: 0n,
    code: i === codedSender ? randomProgram(prng, around) : new Uint8Array(0),
    storage: [],
  }));
}

function makeContract(prng: Prng, address: Hex, around: Surroundings): PlainAccount {
  const slots = Array.from(
    { length: 5 },
    (_, slot) => [BigInt(slot), prng.integer(-2, 2)] as const,
  );
  return {
    address,
    balance: prng.chance(0.5) ? 0n : BigInt(prng.integer(1, 1_000)),
    nonce: pickWeighted(prng, [
      [90, 1n],
      [4, 0n],
      [2, 2n ** 64n - 2n],
      [2, 2n ** 64n - 1n],
    ]),
    code: prng.chance(0.015) ? recursor(prng) : randomProgram(prng, around),
    storage: slots.filter(([, value]) => value > 0).map(([slot, value]) => [slot, BigInt(value)]),
  };
}

/** Where contracts and senders create first; some of these addresses are taken. */
function createdAddresses(): Hex[] {
  const creators: [Hex, bigint][] = [
    ...contractAddresses.slice(0, 4).map((address): [Hex, bigint] => [address, 1n]),
    ...senderAddresses.slice(0, 2).map((address): [Hex, bigint] => [address, 0n]),
  ];
  return creators.map(([address, nonce]): Hex => {
    const hash = keccak256(rlpEncode([hexToBytes(address), rlpUint(nonce)]));
    return `0x${hash.slice(-40)}`;
  });
}

/** An account where one is to be created: with balance, nonce or code (EIP-684), or storage (EIP-7610). */
function collider(prng: Prng, address: Hex): PlainAccount {
  const kind = prng.integer(0, 2);
  return {
    address,
    balance: prng.chance(0.5) ? 0n : 3n,
    nonce: kind === 1 ? 1n : 0n,
    code: kind === 2 ? Uint8Array.of(0) : new Uint8Array(0),
    storage: [],
  };
}

function makeBlock(world: TransactionWorld, isFirst: boolean): BlockPlan {
  const { prng } = world;
  const targets = isFirst ? prng.shuffle(world.contracts) : [];
  const transactions = [
    ...targets.map((to) => randomTransaction(world, to)),
    ...Array.from({ length: prng.integer(2, 8) }, () => randomTransaction(world, undefined)),
  ];
  const forced: TransactionPlan[] = [];
  if (prng.chance(0.2)) forced.push(...transactions.splice(0, prng.integer(1, 3)));
  return {
    coinbase: prng.pick([...coinbases, world.contracts[0] ?? richAccount, ...senderAddresses]),
    timestampStep: prng.integer(1, 100),
    hasNewOrigin: prng.chance(0.5),
    termStep: prng.integer(0, 1),
    forced,
    transactions: prng.chance(0.8) ? transactions : prng.shuffle(transactions),
  };
}

function makeCall(prng: Prng, around: Surroundings): CallPlan {
  const overridden = prng.chance(0.3) ? prng.integer(1, 2) : 0;
  return {
    from: prng.chance(0.7) ? prng.pick(senderAddresses) : prng.pick(contractAddresses),
    to: prng.chance(0.9) ? prng.pick(contractAddresses) : null,
    gas: BigInt(prng.chance(0.9) ? prng.integer(20_000, 300_000) : prng.integer(0, 22_000)),
    gasPrice: BigInt(prng.pick([0, 0, 1, 1_000])),
    value: prng.chance(0.8) ? 0n : randomWord(prng) >> BigInt(prng.integer(0, 255)),
    data: randomBytes(prng, prng.integer(0, 70)),
    reportsAccess: prng.chance(0.5),
    overrides: Array.from({ length: overridden }, () => makeOverride(prng, around)),
  };
}

/** Each of the parts is overridden or not. */
function makeOverride(prng: Prng, around: Surroundings): CallPlan["overrides"][number] {
  const slot: Hex = `0x${prng.integer(0, 4).toString(16).padStart(64, "0")}`;
  const value: Hex = `0x${randomWord(prng).toString(16).padStart(64, "0")}`;
  return [
    prng.pick([...contractAddresses, absentAccount]),
    {
      ...(prng.chance(0.5) ? { balanceWei: randomWord(prng) >> 8n } : {}),
      ...(prng.chance(0.3) ? { nonce: BigInt(prng.integer(1, 9)) } : {}),
      ...(prng.chance(0.5) ? { code: randomProgram(prng, around) } : {}),
      ...(prng.chance(0.5) ? { storage: { [slot]: value } } : {}),
    },
  ];
}

function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
