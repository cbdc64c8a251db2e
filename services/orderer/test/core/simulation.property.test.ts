import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Action, Simulation } from "./simulation.ts";

const index = fc.integer({ min: 0, max: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("submit" as const),
      at: index,
      sender: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("deliver" as const), pick: fc.nat(40) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("finish" as const), at: index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("term" as const), leader: index }) },
  { weight: 2, arbitrary: fc.constant({ type: "certify" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("time" as const),
      ms: fc.constantFrom(100, 400, 1_100),
    }),
  },
);

const runs = Number(process.env["SIM_RUNS"] ?? 60);

test("O1 O2 O3 O5 O6 O7 T6 T8 under any order of messages: one seal a height, one certified chain, nothing acknowledged is lost", () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 150 }), (actions) => {
      const network = new Simulation();
      network.act({ type: "term", leader: 0 });
      for (const each of actions) network.act(each);
      network.act({ type: "term", leader: 1 });
      network.settle();
      const heads = new Set(network.nodes.map((node) => node.state.head));
      assert.equal(heads.size, 1, "all nodes have one head in the end");
      const chain = new Set<string>();
      const included = new Map<string, number>();
      for (
        let at = network.blocks.get([...heads][0] ?? "0x");
        at !== undefined;
        at = network.blocks.get(at.parentHash)
      ) {
        chain.add(at.hash);
        for (const { hash } of at.transactions) included.set(hash, (included.get(hash) ?? 0) + 1);
      }
      for (const hash of network.certified)
        assert.ok(chain.has(hash), "T6 every certified block is in the chain");
      for (const { transaction } of network.accepted) {
        assert.equal(
          included.get(transaction.hash),
          1,
          "T8 an acknowledged transaction is in the chain once",
        );
      }
    }),
    {
      numRuns: runs,
      ...(process.env["SIM_SEED"] === undefined ? {} : { seed: Number(process.env["SIM_SEED"]) }),
    },
  );
});
