import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { encodeBatch } from "../../src/batch-codec/batch-codec.ts";
import { blockTransactionBytesMax } from "../../src/batch-codec/block-limit.ts";
import type {
  TransactionFields,
  TransactionKind,
} from "../../src/batch-codec/transaction-fields.ts";
import { formatTransaction } from "../../src/batch-codec/transaction-fields.ts";

const bytesMax = 96 * 1_024;

/** A transaction of which nothing compresses. */
function noise(kind: TransactionKind, dataBytes: number): Uint8Array {
  const random = (length: number) => Uint8Array.from(randomBytes(length), (byte) => byte || 1);
  const hasList = kind === "accessList" || kind === "dynamicFee";
  const fields: TransactionFields = {
    kind,
    chainId: kind === "legacyUnprotected" ? 0n : 777n,
    nonce: BigInt(`0x${Buffer.from(random(6)).toString("hex")}`),
    gasLimit: BigInt(`0x${Buffer.from(random(3)).toString("hex")}`),
    feeCap: random(5),
    priorityFee: kind === "dynamicFee" ? random(4) : new Uint8Array(0),
    value: random(9),
    to: random(20),
    data: random(dataBytes),
    accessList: hasList ? [{ address: random(20), storageKeys: [random(32)] }] : [],
    yParity: 1,
    r: random(32),
    s: random(32),
  };
  return formatTransaction(fields);
}

for (const kind of ["legacy", "legacyUnprotected", "accessList", "dynamicFee"] as const) {
  for (const dataBytes of [0, 1, 300, 60_000]) {
    test(`a full block of incompressible ${kind} transactions with ${dataBytes} bytes of data fits one batch`, () => {
      const transactions: Uint8Array[] = [];
      let room = blockTransactionBytesMax(bytesMax);
      for (;;) {
        const raw = noise(kind, dataBytes);
        room -= raw.length;
        if (room < 0) break;
        transactions.push(raw);
      }
      const coinbase = `0x${"11".repeat(20)}` as const;
      const block = {
        timestamp: 1n << 40n,
        l1OriginNumber: 1n << 40n,
        term: 1n << 40n,
        coinbase,
        transactions,
      };
      assert.ok(transactions.length > 0);
      assert.ok(encodeBatch([block]).length <= bytesMax);
    });
  }
}
