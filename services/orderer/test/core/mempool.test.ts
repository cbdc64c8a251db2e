import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Admission, Mempool, type MempoolLimits } from "../../src/core/mempool.ts";
import { address, parameters, rich, startMs, transaction } from "./harness.ts";

const next = { baseFeePerGas: 10n, gasLimit: 30_000_000n };
const [carol, dave] = [address(3), address(4)];

function pool(limits: Partial<MempoolLimits> = {}) {
  const mempool = new Mempool({ ...parameters.mempool, ...limits });
  let sequence = 0n;
  const admit = (fields: Parameters<typeof transaction>[0], account = rich): Admission =>
    mempool.admit(
      { transaction: transaction(fields), sequence: sequence++, receivedAtMs: startMs },
      account,
      next,
    );
  return { mempool, admit };
}

const code = (admission: Admission) =>
  admission.type === "rejected" ? admission.code : "admitted";

test("each rejection has its code", () => {
  const { admit } = pool();
  const used = { ...rich, nonce: 5n };
  assert.equal(
    code(admit({ from: carol, nonce: 0n, gasLimit: 30_000_001n })),
    "GAS_LIMIT_ABOVE_BLOCK",
  );
  assert.equal(code(admit({ from: carol, nonce: 0n, maxFeePerGas: 9n })), "FEE_TOO_LOW");
  assert.equal(code(admit({ from: carol, nonce: 4n }, used)), "NONCE_TOO_LOW");
  assert.equal(code(admit({ from: carol, nonce: 9n })), "NONCE_TOO_HIGH");
  assert.equal(
    code(admit({ from: carol, nonce: 0n, valueWei: rich.balanceWei })),
    "INSUFFICIENT_FUNDS",
  );
  assert.equal(code(admit({ from: carol, nonce: 0n })), "admitted");
  assert.equal(code(admit({ from: carol, nonce: 0n })), "ALREADY_KNOWN");
});

test("the balance must carry everything of the sender that waits before", () => {
  const { admit } = pool();
  const half = rich.balanceWei / 2n;
  assert.equal(code(admit({ from: carol, nonce: 0n, valueWei: half })), "admitted");
  assert.equal(code(admit({ from: carol, nonce: 1n, valueWei: half })), "INSUFFICIENT_FUNDS");
});

test("a replacement raises both fees by a tenth", () => {
  const { mempool, admit } = pool();
  const fees = (maxFeePerGas: bigint, maxPriorityFeePerGas: bigint) =>
    code(admit({ from: carol, nonce: 0n, maxFeePerGas, maxPriorityFeePerGas }));
  assert.equal(fees(100n, 10n), "admitted");
  assert.equal(fees(109n, 11n), "REPLACEMENT_UNDERPRICED");
  assert.equal(fees(111n, 10n), "REPLACEMENT_UNDERPRICED");
  assert.equal(fees(110n, 11n), "admitted");
  assert.equal(mempool.size, 1);
});

test("senders, waiting and all transactions are bounded", () => {
  const { mempool, admit } = pool();
  for (let nonce = 0n; nonce < 6n; nonce++)
    assert.equal(code(admit({ from: carol, nonce })), "admitted");
  assert.equal(code(admit({ from: carol, nonce: 6n })), "SENDER_QUEUE_FULL");
  for (let i = 0; i < 14; i++)
    assert.equal(code(admit({ from: address(50 + i), nonce: 0n })), "admitted");
  assert.equal(code(admit({ from: dave, nonce: 0n })), "MEMPOOL_FULL");
  assert.equal(mempool.size, 20);
});

test("an underpriced transaction holds back its sender only", () => {
  const { mempool, admit } = pool();
  admit({ from: carol, nonce: 0n, maxFeePerGas: 15n });
  admit({ from: carol, nonce: 1n });
  admit({ from: dave, nonce: 0n });
  const selected = mempool.select({ ...next, baseFeePerGas: 20n }, 10);
  assert.deepEqual(
    selected.transactions.map(({ from }) => from),
    [dave],
  );
  assert.equal(selected.underpriced, 1);
});

test("O10 first come, first served: in order of arrival, except that a sender's nonces are in order", () => {
  const arrivals = fc.uniqueArray(fc.record({ sender: fc.nat(2), nonce: fc.nat(5) }), {
    selector: ({ sender, nonce }) => `${sender}/${nonce}`,
    maxLength: 18,
  });
  fc.assert(
    fc.property(arrivals, (items) => {
      const { mempool, admit } = pool({ queuedMax: 100 });
      for (const { sender, nonce } of items)
        admit({ from: address(30 + sender), nonce: BigInt(nonce) });
      const chosen = mempool.select(next, 100).transactions;
      const readyAt = (sender: number, nonce: number): number =>
        Math.max(
          ...Array.from({ length: nonce + 1 }, (_, n) =>
            items.findIndex((item) => item.sender === sender && item.nonce === n),
          ),
        );
      const executable = items.filter(({ sender, nonce }) =>
        Array.from({ length: nonce + 1 }, (_, n) => n).every((n) =>
          items.some((item) => item.sender === sender && item.nonce === n),
        ),
      );
      const expected = executable.toSorted(
        (a, b) => readyAt(a.sender, a.nonce) - readyAt(b.sender, b.nonce) || a.nonce - b.nonce,
      );
      assert.deepEqual(
        chosen.map(({ from, nonce }) => `${from}/${nonce}`),
        expected.map(({ sender, nonce }) => `${address(30 + sender)}/${nonce}`),
      );
    }),
    { numRuns: 200 },
  );
});
