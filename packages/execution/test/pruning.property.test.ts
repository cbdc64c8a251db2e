import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Change, type Command, createModel } from "./prune-model.ts";

const name = fc.nat({ max: 12 });
const account = fc.record({
  nonce: fc.bigInt({ min: 1n, max: 3n }),
  code: fc.constantFrom("", "a", "b"),
  storage: fc
    .array(fc.tuple(fc.nat({ max: 6 }), fc.integer({ min: 1, max: 3 })), { maxLength: 8 })
    .map((slots) => new Map(slots)),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ name, to: fc.constant("new" as const), account }),
  fc.record({ name, to: fc.constant("copy" as const), from: name }),
  fc.record({ name, to: fc.constant("former" as const), blocksAgo: fc.nat({ max: 6 }) }),
  fc.record({ name, to: fc.constant("none" as const) }),
);
const changes = fc.array(change, { maxLength: 6 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("block" as const),
      on: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 20 })),
      changes,
      isDuringDelete: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("settle" as const),
      blocks: fc.nat({ max: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("prune" as const),
      steps: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "crash" as const }) },
);
const genesis = fc.array(account, { minLength: 3, maxLength: 12 }).map(
  (accounts): Command => ({
    type: "block",
    on: 0,
    changes: accounts.map((each, i) => ({ name: i, to: "new", account: each })),
    isDuringDelete: false,
  }),
);

test("pruning takes nothing that a kept block's state reaches, whatever happens in between", async () => {
  await fc.assert(
    fc.asyncProperty(
      genesis,
      fc.array(command, { maxLength: 60, size: "max" }),
      async (first, commands) => {
        const model = createModel();
        await model.perform(first);
        for (const each of commands) {
          await model.perform(each);
          model.check();
        }
        await model.pruneAll();
        model.check();
        assert.deepEqual(model.garbage(), []);
      },
    ),
    { numRuns: Number(process.env["PRUNE_RUNS"] ?? 150) },
  );
});
