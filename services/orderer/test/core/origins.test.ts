import assert from "node:assert/strict";
import { test } from "node:test";
import { alice, CoreRunner, find, origin, startMs, term, tx } from "./harness.ts";

test("forced entries are work of their own, and an old origin is enough while L1 is away", () => {
  const core = new CoreRunner({}, { origins: [origin({ queueLength: 1n })] });
  core.send({ type: "termStarted", term: term(1n, alice) });
  assert.notEqual(find(core.effects, "build"), undefined);
  const late = new CoreRunner();
  late.atMs = startMs + 550_000;
  late.send({ type: "termStarted", term: term(1n, alice) });
  assert.notEqual(find(late.submit(tx(0n)), "build"), undefined);
  const tooLate = new CoreRunner();
  tooLate.atMs = startMs + 551_000;
  tooLate.send({ type: "termStarted", term: term(1n, alice) });
  assert.equal(find(tooLate.submit(tx(0n)), "build"), undefined);
  assert.equal(find(tooLate.tick(300), "sendHeartbeat"), undefined);
});

test("a leader takes an origin only after it has settled, and never an older one than the parent's", () => {
  const origins = [origin({ number: 1n }), origin({ number: 2n, seenAtMs: startMs - 500 })];
  const core = new CoreRunner({ originSettleMs: 1_000 }, { origins });
  core.send({ type: "termStarted", term: term(1n, alice) });
  assert.equal(find(core.submit(tx(0n)), "build")?.origin.number, 1n);
  core.finishBuild();
  core.after(1_000).submit(tx(1n));
  assert.equal(find(core.effects, "build")?.origin.number, 2n);
});

test("a leader stays some L1 blocks behind what is confirmed, and nobody calls it stalled for that", () => {
  const origins = [1n, 2n, 3n].map((number) =>
    origin({ number, queueLength: number === 3n ? 1n : 0n }),
  );
  const core = new CoreRunner({ originSettleBlocks: 2 }, { origins });
  core.send({ type: "termStarted", term: term(1n, alice) });
  assert.equal(find(core.effects, "build"), undefined, "the forced entry is too young");
  assert.equal(core.state.workSinceMs, undefined);
  assert.equal(find(core.submit(tx(0n)), "build")?.origin.number, 1n);
  core.finishBuild();
  core.after(1_000).send({
    type: "originsConfirmed",
    origins: [origin({ number: 4n }), origin({ number: 5n, queueLength: 1n })],
  });
  assert.equal(find(core.effects, "build")?.origin.number, 3n);
});

test("L1 blocks that L1 replaced are forgotten and confirmed anew; a block that was made from one stops the node", () => {
  const origins = [1n, 2n, 3n].map((number) => origin({ number }));
  const core = new CoreRunner({ originSettleBlocks: 2 }, { origins });
  core.send({ type: "termStarted", term: term(1n, alice) });
  core.submit(tx(0n));
  core.finishBuild();
  core.send({ type: "originsReplaced", above: 1n });
  assert.deepEqual(
    core.state.origins.map(({ number }) => number),
    [1n],
  );
  core.send({
    type: "originsConfirmed",
    origins: [2n, 3n, 4n].map((number) => origin({ number })),
  });
  core.after(1_000).submit(tx(1n));
  assert.equal(find(core.effects, "build")?.origin.number, 2n);
  assert.throws(() => core.send({ type: "originsReplaced", above: 0n }), /replaced/);
});
