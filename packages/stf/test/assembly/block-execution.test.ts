/** What blocks do: random transactions on a small world of contracts, against the oracle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBlockHeaderFromRLP } from "@ethereumjs/block";
import { hexToBytes } from "@sequorum/protocol";
import fc from "fast-check";
import * as codes from "../../assembly/interface.ts";
import type { BlockHeader } from "../../src/types.ts";
import { oracleCommon } from "../oracle/common.ts";
import {
  addresses,
  coinbase,
  contracts,
  ether,
  inputs,
  machine,
  people,
  queue,
  signedBy,
  words,
  world,
} from "./block-fixture.ts";
import { hexOf } from "./block-host.ts";
import { chainId, mustExtend, openChain } from "./chain.ts";
import type { Fields } from "./raw-transaction.ts";

const bigWords = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  fc.constantFrom(...addresses, ...Object.values(contracts)).map((address) => BigInt(address)),
);

/** Init code: returns nothing, one byte, an EF byte, what needs more gas than there is, or reverts. */
const initCodes = [
  "",
  "60ff60005360016000f3",
  "60ef60005360016000f3",
  "617fff6000f3",
  "60006000fd",
  "fe",
];

const targets = fc.oneof(
  fc.constantFrom(...Object.values(contracts)).map((address) => hexToBytes(address)),
  fc.constantFrom(...addresses, coinbase).map((address) => hexToBytes(address)),
  fc.integer({ min: 0, max: 11 }).map((low) => new Uint8Array(20).with(19, low)),
  fc.uint8Array({ minLength: 20, maxLength: 20 }),
);

const callFields: fc.Arbitrary<Partial<Fields>> = fc
  .record({
    to: targets,
    first: bigWords,
    second: bigWords,
    tail: fc.uint8Array({ maxLength: 70 }),
  })
  .map(({ to, first, second, tail }) => ({
    to,
    data: Uint8Array.from([...words(first, second), ...tail]),
  }));

const creationFields: fc.Arbitrary<Partial<Fields>> = fc
  .constantFrom(...initCodes)
  .map((code) => ({ to: new Uint8Array(0), data: hexToBytes(`0x${code}`) }));

const accessLists: fc.Arbitrary<Fields["accessList"]> = fc.array(
  fc.tuple(
    targets,
    fc.array(
      bigWords.map((word) => words(word)),
      { maxLength: 3 },
    ),
  ),
  { maxLength: 3 },
);

type Step = { readonly from: number; readonly fields: Partial<Fields>; readonly isForced: boolean };

const steps: fc.Arbitrary<Step> = fc
  .record({
    from: fc.nat({ max: 5 }),
    isForced: fc.boolean(),
    target: fc.oneof(
      { arbitrary: callFields, weight: 4 },
      { arbitrary: creationFields, weight: 1 },
    ),
    rest: fc.record({
      type: fc.constantFrom(0, 1, 2),
      value: fc.constantFrom(0n, 1n, ether),
      gasLimit: fc.constantFrom(53_100n, 60_000n, 100_000n, 400_000n),
      tip: fc.constantFrom(0n, 1n, 10n ** 9n),
      feeCap: fc.constantFrom(10n ** 9n, 5n * 10n ** 9n),
      accessList: accessLists,
    }),
  })
  .map(({ from, isForced, target, rest }) => ({ from, isForced, fields: { ...target, ...rest } }));

/** Signs the steps with the nonces that they have if every forced one runs before every other. */
function signSteps(list: readonly Step[], nonces: bigint[]) {
  const sign = ({ from, fields }: Step) => {
    const nonce = nonces[from] ?? 0n;
    nonces[from] = nonce + 1n;
    return signedBy(from, { ...fields, nonce });
  };
  const forced = list.filter(({ isForced }) => isForced).map(sign);
  const own = list.filter(({ isForced }) => !isForced).map(sign);
  return { forced, own };
}

test("random blocks, one on the other, are the oracle's blocks", async () => {
  const seen = { failed: 0, logs: 0, created: 0, refused: 0 };
  const blocks = fc.array(fc.array(steps, { minLength: 1, maxLength: 8 }), {
    minLength: 3,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(blocks, async (lists) => {
      const chain = await openChain(machine, world);
      const nonces = people.map(() => 0n);
      let parent = chain.genesis;
      for (const [i, list] of lists.entries()) {
        const { forced, own } = signSteps(list, nonces);
        const given = inputs({
          timestamp: 1_100n + BigInt(i),
          transactions: own,
          forcedEntries: queue(forced, parent.header.queuePosition),
        });
        const child = await mustExtend(chain, parent, given, codes.modeBuild);
        for (const receipt of child.oracle.receipts) {
          seen.failed += receipt.status === 0 ? 1 : 0;
          seen.logs += receipt.logs.length;
          seen.created += receipt.contractAddress === null ? 0 : 1;
        }
        seen.refused += child.oracle.leftOut.length + child.oracle.skippedPositions.length;
        parent = child;
      }
    }),
    { numRuns: 60 },
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 5, `${what}: ${count}`);
});

test("BLOCKHASH reaches 256 blocks back and no further", async () => {
  const chain = await openChain(machine, world);
  let parent = chain.genesis;
  for (let number = 1n; number <= 258n; number += 1n) {
    parent = await mustExtend(
      chain,
      parent,
      inputs({ timestamp: 1_100n + number, originTime: 1_000n }),
    );
  }
  const asked = [258n, 259n, 260n, 0n, 1n, 2n, 3n, 4n, 257n, 100n, 2n ** 64n + 258n];
  const transactions = asked.map((number, i) =>
    signedBy(0, {
      nonce: BigInt(i),
      to: hexToBytes(contracts.hasher),
      data: words(number),
      gasLimit: 60_000n,
    }),
  );
  const given = inputs({ timestamp: 1_400n, originTime: 1_000n, transactions });
  const child = await mustExtend(chain, parent, given);
  const logged = child.oracle.receipts.map((receipt) => BigInt(receipt.logs[0]?.data ?? "0x0"));
  assert.equal(logged[0], BigInt(parent.hash));
  assert.deepEqual(
    logged.map((hash) => hash !== 0n),
    [true, false, false, false, false, false, true, true, true, true, false],
  );
});

test("the base fee follows EIP-1559 for any parent", async () => {
  const parents = fc.record({
    gasLimit: fc.bigInt({ min: 5_000n, max: 2n ** 62n }),
    fill: fc.bigInt({ min: 0n, max: 1_000n }),
    baseFeePerGas: fc.oneof(
      fc.bigInt({ min: 0n, max: 100n }),
      fc.bigInt({ min: 0n, max: 2n ** 150n }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(parents, async ({ gasLimit, fill, baseFeePerGas }) => {
      const gasUsed = (gasLimit * fill) / 1_000n;
      const header: Partial<BlockHeader> = { gasLimit, gasUsed, baseFeePerGas };
      const chain = await openChain(machine, people, { header });
      await mustExtend(chain, chain.genesis, inputs());
    }),
    { numRuns: 100 },
  );
});

test("a header is the one that an Ethereum library reads, whatever the parent was", async () => {
  const bytes = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((b) => `0x${hexOf(b)}` as const);
  const parents = fc.record({
    parentHash: bytes(32),
    coinbase: bytes(20),
    transactionsRoot: bytes(32),
    receiptsRoot: bytes(32),
    logsBloom: bytes(256),
    prevRandao: bytes(32),
    originHash: bytes(32),
    number: fc.bigInt({ min: 1n, max: 2n ** 53n - 2n }),
    gasUsed: fc.bigInt({ min: 0n, max: 30_000_000n }),
    timestamp: fc.bigInt({ min: 0n, max: 1_099n }),
  });
  await fc.assert(
    fc.asyncProperty(parents, async (header) => {
      const chain = await openChain(machine, people, { header });
      const child = await mustExtend(
        chain,
        chain.genesis,
        inputs({ transactions: [signedBy(0, { feeCap: ether / 10n ** 6n })] }),
      );
      const rlp = machine.content.get(child.hash.slice(2)) ?? new Uint8Array(0);
      const native = createBlockHeaderFromRLP(rlp, { common: oracleCommon(chainId) });
      assert.equal(hexOf(native.hash()), child.hash.slice(2));
      assert.equal(native.number, header.number + 1n);
      assert.equal(hexOf(native.mixHash), child.header.prevRandao.slice(2));
    }),
    { numRuns: 50 },
  );
});

test("blooms hold what logs say, however they repeat each other", async () => {
  const chain = await openChain(machine, world);
  const to = hexToBytes(contracts.logger);
  const topics = [
    [0n, 0n],
    [0n, 0n],
    [1n, 0n],
    [0n, 1n],
    [1n, 1n],
    [1n, 2n],
    [1n, 2n],
  ] as const;
  const transactions = topics.map((pair, i) =>
    signedBy(0, { nonce: BigInt(i), to, data: words(...pair), gasLimit: 60_000n }),
  );
  const { oracle } = await mustExtend(chain, chain.genesis, inputs({ transactions }));
  assert.equal(new Set(oracle.receipts.map(({ logsBloom }) => logsBloom)).size, 4);
  await mustExtend(chain, chain.genesis, inputs({ transactions: transactions.slice(0, 1) }));
});

test("a refund is at most a fifth of the gas used", async () => {
  const chain = await openChain(machine, world);
  const to = hexToBytes(contracts.storer);
  const clear = (slot: bigint, nonce: bigint) =>
    signedBy(0, { nonce, to, data: words(slot, 0n), gasLimit: 100_000n });
  const transactions = [clear(1n, 0n), clear(2n, 1n), clear(3n, 2n)];
  const { oracle } = await mustExtend(chain, chain.genesis, inputs({ transactions }));
  const [first, , untouched] = oracle.receipts;
  assert.ok(first && untouched);
  assert.ok(first.gasUsed < untouched.gasUsed + 2_900n);
});
