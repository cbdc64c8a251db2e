import assert from "node:assert/strict";
import { test } from "node:test";
import { RLP } from "@ethereumjs/rlp";
import { type Hex, hexToBytes, keccak256 } from "@sequorum/protocol";
import * as codes from "../../assembly/interface.ts";
import type { BlockInputs, NotIncludable, ParentBlock } from "../../src/types.ts";
import { beaconRootsAddress } from "../oracle/machine.ts";
import {
  addresses,
  coinbase,
  contracts,
  ether,
  inputs,
  machine,
  originHash,
  people,
  queue,
  signedBy,
  words,
  world,
} from "./block-fixture.ts";
import { hexOf, integerOf, outputsOf } from "./block-host.ts";
import {
  blockTask,
  type Chain,
  extend,
  faultName,
  forcedItem,
  headerRlp,
  mustExtend,
  openChain,
} from "./chain.ts";
import type { Fields } from "./raw-transaction.ts";

const at = (transaction: number, reason: NotIncludable["reason"]): NotIncludable => ({
  type: "notIncludable",
  reason,
  transaction,
});

test("a block of transfers of every type is the oracle's block", async () => {
  const chain = await openChain(machine, people);
  const transactions = ([0, 1, 2] as const).map((type) =>
    signedBy(0, { type, nonce: BigInt(type), value: 5n }),
  );
  const { oracle } = await mustExtend(chain, chain.genesis, inputs({ transactions }));
  assert.equal(oracle.block.header.gasUsed, 63_000n);
});

test("an empty block has the roots of nothing", async () => {
  const chain = await openChain(machine, people);
  const child = await mustExtend(chain, chain.genesis, inputs());
  assert.equal(child.header.stateRoot, chain.genesis.header.stateRoot);
  assert.equal(child.header.transactionsRoot, chain.genesis.header.transactionsRoot);
});

test("each rule of the inputs has its own fault", async () => {
  const chain = await openChain(machine, people);
  const [entry] = queue([signedBy(0)]);
  assert.ok(entry);
  const cases: [NotIncludable["reason"], Partial<BlockInputs>][] = [
    ["TIMESTAMP_NOT_AFTER_PARENT", { timestamp: 1_000n, originTime: 900n }],
    ["TIMESTAMP_BEFORE_ORIGIN", { timestamp: 1_049n }],
    ["TIMESTAMP_DRIFT", { timestamp: 1_651n }],
    ["QUEUE_GAP", { forcedEntries: [{ ...entry, position: 1n }] }],
    ["QUEUE_GAP", { forcedEntries: [entry, entry] }],
    ["QUEUE_BEYOND_ORIGIN", { forcedEntries: [{ ...entry, l1BlockNumber: 6n }] }],
  ];
  for (const [reason, fields] of cases) {
    assert.deepEqual(await extend(chain, chain.genesis, inputs(fields)), at(-1, reason));
  }
  await mustExtend(chain, chain.genesis, inputs({ timestamp: 1_650n }));
  const child = await mustExtend(chain, chain.genesis, inputs());
  const otherHash: Hex = `0x${"b2".repeat(32)}`;
  for (const [reason, fields] of [
    ["ORIGIN_WENT_BACK", { originNumber: 4n }],
    ["ORIGIN_WENT_BACK", { originHash: otherHash }],
    ["TERM_WENT_BACK", { term: 0n }],
  ] as const) {
    const given = inputs({ timestamp: 1_101n, ...fields });
    assert.deepEqual(await extend(chain, child, given), at(-1, reason));
  }
  const moved = inputs({ timestamp: 1_101n, originHash: otherHash, originNumber: 6n, term: 9n });
  await mustExtend(chain, child, moved);
});

test("of two broken rules of the inputs the first in order is named", async () => {
  const chain = await openChain(machine, people);
  const child = await mustExtend(chain, chain.genesis, inputs());
  const [gap] = queue([signedBy(0)], 1n);
  assert.ok(gap);
  const late: Partial<BlockInputs>[] = [
    { timestamp: 1_100n },
    { originTime: 1_200n },
    { originTime: 400n },
    { originNumber: 4n },
    { term: 0n },
    { forcedEntries: [gap] },
    { forcedEntries: [{ ...gap, position: 0n, l1BlockNumber: 9n }] },
  ];
  for (const [i, first] of late.entries()) {
    for (const second of late.slice(i + 1)) {
      const result = await extend(chain, child, inputs({ timestamp: 1_150n, ...second, ...first }));
      assert.equal("type" in result && result.type, "notIncludable");
    }
  }
});

/** Faults that need the state, in order; each leaves room for those behind it. The sender is a contract in the fourth. */
const stateFaults: readonly (readonly [NotIncludable["reason"], number, Partial<Fields>])[] = [
  ["GAS_LIMIT_ABOVE_BLOCK", 0, { gasLimit: 30_000_001n }],
  ["GAS_LEFT_TOO_LOW", 0, { gasLimit: 29_990_000n }],
  ["FEE_TOO_LOW", 0, { feeCap: 874_999_999n }],
  ["SENDER_NOT_EOA", 3, {}],
  ["NONCE_TOO_LOW", 0, { nonce: 0n }],
  ["NONCE_TOO_HIGH", 0, { nonce: 2n }],
  ["INSUFFICIENT_FUNDS", 0, { value: 1_000n * ether }],
];

test("of two faults that need the state the first in order is named", async () => {
  const code = hexToBytes("0x00");
  const accounts = people.map((account, i) => (i === 3 ? { ...account, code } : account));
  const chain = await openChain(machine, accounts);
  const faultOf = (from: number, fields: Partial<Fields>) => {
    const transactions = [signedBy(0), signedBy(from, { nonce: 1n, ...fields })];
    return extend(chain, chain.genesis, inputs({ transactions }));
  };
  for (const [i, [reason, from, fields]] of stateFaults.entries()) {
    assert.deepEqual(await faultOf(from, fields), at(1, reason));
    for (const [, laterFrom, laterFields] of stateFaults.slice(i + 1)) {
      const both = { ...laterFields, ...fields };
      assert.deepEqual(await faultOf(from === 0 ? laterFrom : from, both), at(1, reason));
    }
  }
  const exact = 1_000n * ether - 21_000n * 10_000_000_000n;
  const spends = (value: bigint) => inputs({ transactions: [signedBy(1, { value })] });
  await mustExtend(chain, chain.genesis, spends(exact));
  assert.deepEqual(
    await extend(chain, chain.genesis, spends(exact + 1n)),
    at(0, "INSUFFICIENT_FUNDS"),
  );
});

test("funds beyond 256 bits are insufficient", async () => {
  const chain = await openChain(machine, people);
  const result = machine.run("block", {
    task: blockTask(chain, chain.genesis, inputs(), { mode: codes.modeAll }),
    transactions: [signedBy(0, { value: 2n ** 256n - 1n })],
  });
  const [fault] = outputsOf(result, codes.outputFault);
  assert.equal(faultName(integerOf(fault, 0)), "INSUFFICIENT_FUNDS");
});

test("a gas limit that is no signed number is above the block's", async () => {
  const chain = await openChain(machine, people);
  for (const gasLimit of [2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const given = inputs({ transactions: [signedBy(0, { gasLimit })] });
    assert.deepEqual(await extend(chain, chain.genesis, given), at(0, "GAS_LIMIT_ABOVE_BLOCK"));
  }
});

test("a leader leaves out what cannot be included, and goes on", async () => {
  const chain = await openChain(machine, people);
  const transactions = [
    signedBy(0),
    signedBy(0, { nonce: 5n }),
    Uint8Array.of(0xc0),
    signedBy(0, { nonce: 1n }),
    signedBy(2),
  ];
  const given = inputs({ transactions });
  const { oracle } = await mustExtend(chain, chain.genesis, given, codes.modeBuild);
  assert.equal(oracle.block.transactions.length, 3);
  assert.deepEqual(await extend(chain, chain.genesis, given), at(1, "NONCE_TOO_HIGH"));
});

test("a leader's block ends where a transaction would only fit an emptier one", async () => {
  const chain = await openChain(machine, people);
  const burn = { to: hexToBytes(contracts.burner), gasLimit: 15_000_000n };
  const withBurner = await openChain(machine, world);
  const transactions = [signedBy(0, burn), signedBy(1, { gasLimit: 15_000_001n }), signedBy(2)];
  const { oracle } = await mustExtend(
    withBurner,
    withBurner.genesis,
    inputs({ transactions }),
    codes.modeBuild,
  );
  assert.equal(oracle.block.transactions.length, 1);
  assert.deepEqual(oracle.leftOut, []);
  const fits = [signedBy(0), signedBy(1, { gasLimit: 29_979_000n })];
  await mustExtend(chain, chain.genesis, inputs({ transactions: fits }));
});

test("a block that would not fit into a batch is none, and a leader stops before it", async () => {
  const transactions = [0n, 1n, 2n].map((nonce) => signedBy(0, { nonce }));
  const size = transactions.reduce((sum, raw) => sum + raw.length, 0);
  for (const blockTransactionBytesMax of [size, size - 1]) {
    const chain = await openChain(machine, people, { rules: { blockTransactionBytesMax } });
    const all = await extend(chain, chain.genesis, inputs({ transactions }));
    if (blockTransactionBytesMax < size) assert.deepEqual(all, at(-1, "BLOCK_TOO_LARGE"));
    const leftOut = [signedBy(3, { nonce: 7n }), ...transactions];
    await mustExtend(chain, chain.genesis, inputs({ transactions: leftOut }), codes.modeBuild);
  }
  const chain = await openChain(machine, people, { rules: { transactionBytesMax: 100 } });
  const given = inputs({ transactions: [signedBy(0)] });
  assert.deepEqual(await extend(chain, chain.genesis, given), at(0, "OVERSIZED"));
});

test("forced entries come first, garbage is skipped, and the position moves past both", async () => {
  const chain = await openChain(machine, people);
  const forcedEntries = queue([
    hexToBytes("0xdeadbeef"),
    new Uint8Array(0),
    signedBy(4),
    signedBy(4, { nonce: 9n }),
    signedBy(4, { nonce: 1n }),
  ]);
  const given = inputs({ transactions: [signedBy(0)], forcedEntries });
  const child = await mustExtend(chain, chain.genesis, given);
  assert.equal(child.header.queuePosition, 5n);
  assert.deepEqual(child.oracle.skippedPositions, [0n, 1n, 3n]);
  const next = inputs({ timestamp: 1_101n, forcedEntries: queue([signedBy(5)], 5n) });
  assert.equal((await mustExtend(chain, child, next)).header.queuePosition, 6n);
});

test("a forced entry that does not fit any more is the first of the next block", async () => {
  const chain = await openChain(machine, world);
  const burn = { to: hexToBytes(contracts.burner), gasLimit: 29_000_000n };
  const forcedEntries = queue([signedBy(4, burn), signedBy(5, { gasLimit: 2_000_000n })]);
  const given = inputs({ forcedEntries, transactions: [signedBy(0)] });
  const child = await mustExtend(chain, chain.genesis, given);
  assert.equal(child.header.queuePosition, 1n);
  const next = inputs({ timestamp: 1_101n, forcedEntries: forcedEntries.slice(1) });
  assert.equal((await mustExtend(chain, child, next)).header.queuePosition, 2n);
});

test("a block consumes at most 512 forced entries", async () => {
  const chain = await openChain(machine, people);
  const forcedEntries = queue(Array.from({ length: 515 }, () => Uint8Array.of(1)));
  const child = await mustExtend(chain, chain.genesis, inputs({ forcedEntries }));
  assert.equal(child.header.queuePosition, 512n);
});

/** Runs a follower's check of a block's list of transactions. */
function verify(
  chain: Chain,
  parent: ParentBlock,
  given: BlockInputs,
  list: readonly Uint8Array[],
) {
  return machine.run("block", {
    task: blockTask(chain, parent, given, { mode: codes.modeVerify }),
    transactions: list,
    forced: given.forcedEntries.map(forcedItem),
  });
}

test("a follower accepts the list that begins with the forced transactions, and no other", async () => {
  const chain = await openChain(machine, people);
  const forcedEntries = queue([signedBy(4), Uint8Array.of(7), signedBy(5)]);
  const given = inputs({ transactions: [signedBy(0), signedBy(1)], forcedEntries });
  const child = await mustExtend(chain, chain.genesis, given);
  const list = child.oracle.block.transactions;
  const accepted = verify(chain, chain.genesis, given, list);
  const [header] = outputsOf(accepted, codes.outputHeader) as Uint8Array[];
  assert.equal(hexOf(header?.subarray(0, 32) ?? new Uint8Array(0)), child.hash.slice(2));
  const sources = outputsOf(accepted, codes.outputReceipt).map((receipt) => integerOf(receipt, 1));
  assert.deepEqual(sources, [0n, 2n, 2n, 3n]);
  const [a, b, c, d] = list as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const others = [[], [a], [b, a, c, d], [a, c, b, d], [c, d, a, b], [a, b.subarray(1), c, d]];
  for (const other of others) {
    const refused = verify(chain, chain.genesis, given, other);
    const [fault] = outputsOf(refused, codes.outputFault);
    assert.equal(faultName(integerOf(fault, 0)), "FORCED_TRANSACTIONS_DIFFER");
    assert.equal(refused.exit, codes.exitNotIncludable);
  }
  const broken = verify(chain, chain.genesis, given, [a, b, c, c]);
  assert.deepEqual(outputsOf(broken, codes.outputFault), [
    [Uint8Array.of(codes.faultNonceTooLow), Uint8Array.of(3)],
  ]);
});

test("the beacon roots contract has the origin's hash, also one that begins with zeros", async () => {
  const chain = await openChain(machine, world);
  const first = await mustExtend(chain, chain.genesis, inputs());
  const plain = await openChain(machine, people);
  await mustExtend(plain, plain.genesis, inputs());
  const again = inputs({ timestamp: 1_100n + 8_191n, originTime: 9_000n, originNumber: 6n });
  const zero: Hex = `0x${"0".repeat(64)}`;
  await mustExtend(chain, first, { ...again, originHash: zero });
  const seen = machine.run("read", {
    task: [hexToBytes(first.header.stateRoot), hexToBytes(beaconRootsAddress), [1_100n, 9_291n], 0],
  });
  const slots = outputsOf(seen, codes.outputSlot).map((slot) => integerOf(slot, 1));
  assert.deepEqual(slots, [1_100n, BigInt(originHash)]);
});

test("a run says the same again, also after one that the host ended", async () => {
  const chain = await openChain(machine, world);
  const input = words(5n, 6n);
  const transactions = [
    signedBy(0, { to: hexToBytes(contracts.logger), data: input, gasLimit: 100_000n }),
    signedBy(1, { to: hexToBytes(contracts.storer), data: input, gasLimit: 100_000n }),
  ];
  const run = {
    task: blockTask(chain, chain.genesis, inputs(), { mode: codes.modeAll }),
    transactions,
  };
  const first = machine.run("block", run);
  assert.equal(first.exit, codes.exitDone);
  for (const [hash, bytes] of [...machine.content]) {
    machine.content.delete(hash);
    try {
      const result = machine.run("block", run);
      assert.deepEqual(result, first);
    } catch (error) {
      assert.match(String(error), /lacks/);
    }
    machine.content.set(hash, bytes);
    assert.deepEqual(machine.run("block", run), first, hash);
  }
});

test("the coinbase may be the sender, and an empty one that earns nothing does not appear", async () => {
  const chain = await openChain(machine, people);
  const [self] = addresses;
  assert.ok(self);
  const transactions = [signedBy(0), signedBy(0, { nonce: 1n, tip: 0n })];
  await mustExtend(chain, chain.genesis, inputs({ transactions, coinbase: self }));
  const free = signedBy(0, { tip: 0n });
  await mustExtend(chain, chain.genesis, inputs({ transactions: [free], coinbase }));
});

test("a parent that cannot be a header of L2 ends the run", async () => {
  const chain = await openChain(machine, people);
  const rlp = headerRlp(chain.genesis.header);
  const fields = RLP.decode(rlp) as Uint8Array[];
  const run = (parts: Uint8Array[]) => {
    const changed = RLP.encode(parts);
    const hash = keccak256(changed);
    machine.content.set(hash.slice(2), changed);
    const task = blockTask(chain, { ...chain.genesis, hash }, inputs(), { mode: codes.modeAll });
    return machine.run("block", { task });
  };
  assert.equal(run(fields).exit, codes.exitDone);
  const other = new Uint8Array(32).fill(1);
  const one = Uint8Array.of(1);
  const changes: Uint8Array[][] = [
    fields.with(0, new Uint8Array(31)),
    fields.with(1, other),
    fields.with(7, one),
    fields.with(8, Uint8Array.of(0)),
    fields.with(12, other),
    fields.with(12, (fields[12] ?? other).with(31, 1)),
    fields.with(12, (fields[12] ?? other).with(17, 1)),
    fields.with(12, (fields[12] ?? other).subarray(1)),
    fields.with(14, new Uint8Array(8).fill(1)),
    fields.with(17, one),
    fields.with(18, one),
    [...fields, one],
    fields.slice(0, 19),
  ];
  for (const [i, parts] of changes.entries()) {
    assert.throws(() => run(parts), /unreachable/, `change ${i}`);
  }
});
