/**
 * Bytes of batch data per transaction: `node packages/protocol/bench/batch-size.ts`. Signatures and recipients are
 * random; senders take turns with growing nonces. zlib's dynamic codes at level 9 over the same columns for comparison.
 */
import { randomBytes } from "node:crypto";
import { pathToFileURL } from "node:url";
import zlib from "node:zlib";
import type { BatchBlock } from "../src/batch-codec/batch-block.ts";
import { encodeBatch } from "../src/batch-codec/batch-codec.ts";
import { decodeBatch } from "../src/batch-codec/batch-codec.ts";
import { writeColumns } from "../src/batch-codec/column-writer.ts";
import { formatTransaction } from "../src/batch-codec/transaction-fields.ts";
import { concatBytes, hexToBytes } from "../src/bytes.ts";
import { rlpUint } from "../src/rlp.ts";

type Load = { readonly name: string; readonly recipients: number; readonly erc20: boolean };

const blockCount = 20;
const transactionsPerBlock = 40;

function makeTransaction(load: Load, recipients: readonly Uint8Array[], index: number): Uint8Array {
  const recipient = recipients[index % recipients.length] ?? randomBytes(20);
  const amount = 1_000n + BigInt(index * 37);
  const erc20 = concatBytes(
    hexToBytes("0xa9059cbb"),
    new Uint8Array(12),
    recipient,
    new Uint8Array(24),
    randomBytes(8),
  );
  return formatTransaction({
    kind: "dynamicFee",
    chainId: 777n,
    nonce: BigInt(Math.floor(index / 50)),
    gasLimit: load.erc20 ? 65_000n : 21_000n,
    feeCap: rlpUint(2_000_000_000n),
    priorityFee: rlpUint(1_000_000n),
    value: load.erc20 ? new Uint8Array(0) : rlpUint(amount * 10n ** 14n),
    to: load.erc20 ? new Uint8Array(20).fill(0x42) : recipient,
    data: load.erc20 ? erc20 : new Uint8Array(0),
    accessList: [],
    yParity: index & 1,
    r: randomBytes(32),
    s: randomBytes(32),
  });
}

function makeBlocks(load: Load): BatchBlock[] {
  const recipients = Array.from({ length: load.recipients }, () => new Uint8Array(randomBytes(20)));
  return Array.from({ length: blockCount }, (_, number) => ({
    timestamp: 1_800_000_000n + BigInt(number),
    l1OriginNumber: 20_000_000n + BigInt(Math.floor(number / 12)),
    term: 5n,
    coinbase: "0x1111111111111111111111111111111111111111",
    transactions: Array.from({ length: transactionsPerBlock }, (_, i) =>
      makeTransaction(load, recipients, number * transactionsPerBlock + i),
    ),
  }));
}

function plainColumns(blocks: readonly BatchBlock[]): Uint8Array {
  const { segments, signatures } = writeColumns(blocks);
  return concatBytes(...segments, signatures);
}

/** One line of figures for each kind of load. */
export function measure(): string[] {
  const loads: readonly Load[] = [
    { name: "transfers, every recipient new", recipients: 800, erc20: false },
    { name: "transfers among 100 recipients", recipients: 100, erc20: false },
    { name: "ERC-20 transfers, every recipient new", recipients: 800, erc20: true },
  ];
  return loads.map((load) => {
    const blocks = makeBlocks(load);
    const count = blockCount * transactionsPerBlock;
    const rawBytes = blocks
      .flatMap((block) => block.transactions)
      .reduce((sum, raw) => sum + raw.length, 0);
    const startedAtMs = performance.now();
    const data = encodeBatch(blocks);
    const encodedAtMs = performance.now();
    decodeBatch(data);
    const decodeMs = performance.now() - encodedAtMs;
    const dynamic = zlib.deflateRawSync(plainColumns(blocks), { level: 9 }).length;
    const each = (bytes: number) => (bytes / count).toFixed(1);
    return `${load.name}: raw ${each(rawBytes)}, ours ${each(data.length)}, zlib dynamic ${each(dynamic)} bytes each; encode ${(encodedAtMs - startedAtMs).toFixed(0)} ms, decode ${decodeMs.toFixed(0)} ms for ${data.length} bytes`;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  process.stdout.write(`${measure().join("\n")}\n`);
