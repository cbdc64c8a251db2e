import assert from "node:assert/strict";
import { test } from "node:test";
import { keccak_256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { Harness } from "./state-harness.ts";
import { type Address, Model, type ModelAccount, type ModelLog, stateOf } from "./state-model.ts";
import {
  addresses,
  addressOf,
  contract,
  wideStorage,
  codes,
  codesOf,
  expectState,
  keys,
  someAccounts,
} from "./state-world.ts";

const state = await Harness.create();

type Operation = (model: Model, marks: Marks) => void;
type Marks = { readonly model: Parameters<Model["revertTo"]>[0]; readonly state: number }[];

/** What is printed of a run that fails. */
const named = (name: string, args: readonly unknown[], operation: Operation): Operation =>
  Object.assign(operation, { [fc.toStringMethod]: () => `${name}(${args.map(fc.stringify)})` });

/** The same change of both, unless the model says that a caller would see that it cannot be. */
function change<A extends readonly unknown[]>(
  args: fc.Arbitrary<A>,
  apply: (side: Model | Harness, ...args: A) => void,
  isPossible: (model: Model, ...args: A) => boolean = () => true,
): fc.Arbitrary<Operation> {
  return args.map((values) =>
    named(apply.toString(), values, (model) => {
      if (!isPossible(model, ...values)) return;
      apply(state, ...values);
      apply(model, ...values);
    }),
  );
}

const anAddress = fc.constantFrom(...addresses);
const aKey = fc.constantFrom(...keys);
const aValue = fc.constantFrom(0n, 1n, 7n, 2n ** 64n, 2n ** 255n, 2n ** 256n - 1n);
const someWei = fc.constantFrom(0n, 1n, 10n ** 18n);
const aCode = fc.constantFrom(...codes);
const aLog: fc.Arbitrary<ModelLog> = fc.record(
  {
    address: anAddress,
    topics: fc.array(aValue, { maxLength: 4 }),
    data: fc.constantFrom("", "01", "ab".repeat(70)),
  },
  { noNullPrototype: true },
);

const operations: fc.Arbitrary<Operation> = fc.oneof(
  change(fc.tuple(anAddress), (side, a) => side.touch(a)),
  change(fc.tuple(anAddress, someWei), (side, a, wei) => side.addBalance(a, wei)),
  change(
    fc.tuple(anAddress, someWei),
    (side, a, wei) => side.subtractBalance(a, wei),
    (model, a, wei) => model.see(a, []).balance >= wei,
  ),
  change(fc.tuple(anAddress, someWei), (side, a, wei) => side.setBalance(a, wei)),
  change(fc.tuple(anAddress, fc.bigInt(0n, 2n)), (side, a, nonce) => side.setNonce(a, nonce)),
  change(fc.tuple(anAddress, aCode), (side, a, code) => side.setCode(a, code)),
  change(
    fc.tuple(anAddress),
    (side, a) => side.create(a),
    (model, a) => !model.isCollision(a),
  ),
  change(fc.tuple(anAddress, anAddress), (side, a, to) => side.selfDestruct(a, to)),
  change(fc.tuple(anAddress, aKey, aValue), (side, a, key, value) => side.setSlot(a, key, value)),
  change(fc.tuple(anAddress, aKey, aValue), (side, a, key, value) =>
    side.setTransient(a, key, value),
  ),
  change(fc.tuple(fc.bigInt(-5_000n, 20_000n)), (side, gas) => side.addRefund(gas)),
  change(fc.tuple(aLog), (side, log) => side.log(log)),
  anAddress.map((a) =>
    named("warmAccount", [a], (model) => {
      assert.equal(state.warmAccount(a), model.warmAccount(a));
    }),
  ),
  fc.tuple(anAddress, aKey).map(([a, key]) =>
    named("warmSlot", [a, key], (model) => {
      assert.equal(state.warmSlot(a, key), model.warmSlot(a, key));
    }),
  ),
  {
    weight: 2,
    arbitrary: fc.constant(
      named("checkpoint", [], (model, marks) => {
        marks.push({ model: model.checkpoint(), state: state.checkpoint() });
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat({ max: 4 }).map((depth) =>
      named("revert", [depth], (model, marks) => {
        const [mark] = marks.splice(Math.max(0, marks.length - 1 - depth));
        if (mark === undefined) return;
        model.revertTo(mark.model);
        state.revertTo(mark.state);
      }),
    ),
  },
  fc.constant(
    named("next transaction", [], (model, marks) => {
      marks.length = 0;
      for (const side of [model, state]) {
        side.endTransaction();
        side.beginTransaction();
      }
    }),
  ),
);

/** When all that can be seen is compared. Looking reads from the state, which may hide what reading later would show. */
const watching = fc.constantFrom("each step", "at the end", "not at all");

type Block = { readonly steps: readonly Operation[]; readonly watch: string };
const blocks: fc.Arbitrary<readonly Block[]> = fc.array(
  fc.record({ steps: fc.array(operations, { maxLength: 80 }), watch: watching }),
  { minLength: 1, maxLength: 2 },
);

test("a run does what maps copied at every checkpoint do, and its state is the one @ethereumjs/mpt makes", async () => {
  const property = fc.asyncProperty(blocks, async (sequence) => {
    let accounts = someAccounts();
    let before = await stateOf(accounts);
    for (const block of sequence) {
      state.begin(before, codesOf(accounts));
      const model = new Model(accounts);
      run(block, model);
      before = (await expectState(state, model.accounts, before)).after;
      accounts = nextBlock(model.accounts);
    }
  });
  await fc.assert(property, { numRuns: 150 });
});

function run({ steps, watch }: Block, model: Model): void {
  const marks: Marks = [];
  state.beginTransaction();
  for (const step of steps) {
    step(model, marks);
    if (watch === "each step") expectSame(model);
  }
  if (watch === "at the end") expectSame(model);
  for (const side of [state, model]) {
    side.endTransaction();
    side.beginTransaction();
  }
  if (watch === "at the end") expectSame(model);
}

function expectSame(model: Model): void {
  for (const address of addresses) {
    assert.deepEqual(state.see(address, keys), model.see(address, keys), address);
  }
  assert.equal(state.refund, model.refund);
  assert.deepEqual(state.logs, model.logs);
  assert.deepEqual(state.accessed, model.accessed);
}

/** What the next run starts with. */
function nextBlock(accounts: ReadonlyMap<Address, ModelAccount>): Map<Address, ModelAccount> {
  const kept = [...accounts].filter(([, { exists }]) => exists);
  return new Map(
    kept.map(([address, item]) => {
      const storage = new Map([...item.storage].filter(([, value]) => value !== 0n));
      return [address, { ...item, storage, hadStorage: storage.size > 0 }];
    }),
  );
}

async function begin(): Promise<void> {
  state.begin(await stateOf(someAccounts()), codesOf(someAccounts()));
  state.beginTransaction();
}

test("each node and code is asked for once, and a transaction that does nothing allocates nothing", async () => {
  await begin();
  for (let round = 0; round < 2; round += 1) {
    for (const address of addresses) state.see(address, keys);
    for (const key of wideStorage().keys()) state.setSlot(contract, key, 3n);
    state.endTransaction();
    state.beginTransaction();
  }
  assert(state.reads.size > 10);
  for (const [hash, count] of state.reads) assert.equal(count, 1, hash);
  const top = state.arenaTop();
  state.endTransaction();
  state.beginTransaction();
  assert.equal(state.arenaTop(), top);
});

test("slots and accounts that share a place in the front caches are told apart", async () => {
  await begin();
  const many = Array.from({ length: 1_500 }, (_, i) => addressOf(i >> 8, i & 0xff));
  for (const [i, address] of many.entries()) state.setSlot(address, 3n, BigInt(i));
  for (const [i, address] of many.entries()) assert.equal(state.slot(address, 3n)[0], BigInt(i));
});

test("a search tree tells hashes apart that differ late only", () => {
  state.emptyTree();
  const hashes = [0, 1, 7, 8, 63, 64, 65, 127, 128, 200, 255].map((bit) =>
    Uint8Array.from({ length: 32 }, (_, i) => (i === bit >> 3 ? 1 << (bit & 7) : 0)),
  );
  const records = hashes.map((hash) => state.recordOf(hash));
  assert.equal(new Set(records).size, hashes.length);
  assert.deepEqual(
    hashes.map((hash) => state.recordOf(hash)),
    records,
  );
});

test("a search tree is not much deeper than it must be", () => {
  state.emptyTree();
  for (let i = 0; i < 4_096; i += 1) state.recordOf(keccak_256(Uint8Array.of(i >> 8, i & 0xff)));
  assert(state.treeDepth() < 24, `${state.treeDepth()}`);
});
