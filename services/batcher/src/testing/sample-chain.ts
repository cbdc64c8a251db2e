/** A chain of L2 blocks for tests: well-formed headers with made-up state roots. */
import type { Hex } from "@sequorum/protocol";
import {
  bigintToBytes,
  concatBytes,
  formatTransaction,
  hexToBytes,
  keccak256,
  rlpDecode,
  rlpEncode,
  rlpUint,
  zeroHash,
} from "@sequorum/protocol";
import type { EncodedBlock, SourceBlock } from "../core/source-block.ts";
import { parseSourceBlock } from "../core/source-block.ts";

/** Seconds since 1970 of the block before the first. */
export const sampleGenesisTimestamp = 1_800_000_000n;

/** A block in both forms. */
export type SampleBlock = { readonly encoded: EncodedBlock; readonly block: SourceBlock };

/** Blocks 1 to `count`; block n has n % 4 transactions of `dataBytes` calldata, of which the first of block 3 is forced. */
export function makeSampleChain(count: number, dataBytes = 8): readonly SampleBlock[] {
  const chain: SampleBlock[] = [];
  for (let height = 1; height <= count; height += 1) {
    const parentHash = chain.at(-1)?.block.hash ?? sampleGenesisHash;
    chain.push(makeSampleBlock(height, parentHash, dataBytes));
  }
  return chain;
}

/** Hash of the block before the first. */
export const sampleGenesisHash: Hex = keccak256(new TextEncoder().encode("genesis"));

function makeSampleBlock(height: number, parentHash: Hex, dataBytes: number): SampleBlock {
  const queuePosition = height >= 3 ? 1n : 0n;
  const transactions = Array.from({ length: height % 4 }, (_, place) =>
    makeTransaction(height * 10 + place, dataBytes),
  );
  const header = makeHeader(height, parentHash, queuePosition);
  const items = transactions.map((raw) => ((raw[0] ?? 0) >= 0xc0 ? rlpDecode(raw) : raw));
  const encoded = {
    rlp: rlpEncode([header, items, [], []]),
    l1OriginNumber: 100n + BigInt(height >> 2),
    forcedTransactions: height === 3 ? 1 : 0,
  };
  const block = parseSourceBlock(encoded);
  if (block === undefined) throw new Error("the sample block is well formed");
  return { encoded, block };
}

function makeHeader(height: number, parentHash: Hex, queuePosition: bigint): Uint8Array[] {
  const text = (name: string) =>
    hexToBytes(keccak256(new TextEncoder().encode(`${name} ${height}`)));
  const extraData = concatBytes(
    Uint8Array.of(1),
    bigintToBytes(1n, 8),
    bigintToBytes(queuePosition, 8),
    new Uint8Array(15),
  );
  const origin = hexToBytes(keccak256(new TextEncoder().encode(`origin ${100 + (height >> 2)}`)));
  const [zero, hash] = [new Uint8Array(0), hexToBytes(zeroHash)];
  const timestamp = rlpUint(sampleGenesisTimestamp + BigInt(height));
  return [
    ...[
      hexToBytes(parentHash),
      hash,
      new Uint8Array(20).fill(0x11),
      text("state"),
      hash,
      hash,
      new Uint8Array(256),
    ],
    ...[zero, rlpUint(BigInt(height)), rlpUint(30_000_000n), zero, timestamp, extraData],
    ...[hash, new Uint8Array(8), rlpUint(7n), hash, zero, zero, origin],
  ];
}

function makeTransaction(seed: number, dataBytes: number): Uint8Array {
  const noise = (length: number, salt: number) => noiseBytes(length, seed * 16 + salt);
  return formatTransaction({
    kind: seed % 2 === 0 ? "dynamicFee" : "legacy",
    chainId: 777n,
    nonce: BigInt(seed),
    gasLimit: 50_000n,
    feeCap: rlpUint(2_000_000_000n),
    priorityFee: seed % 2 === 0 ? rlpUint(1n) : new Uint8Array(0),
    value: rlpUint(BigInt(seed)),
    to: noise(20, 1),
    data: noise(dataBytes, 2),
    accessList: [],
    yParity: seed & 1,
    r: noise(32, 3),
    s: noise(32, 4),
  });
}

/** Bytes that do not compress, the same for the same seed (xorshift). */
function noiseBytes(length: number, seed: number): Uint8Array {
  let word = Math.imul(seed + 1, 0x9e3779b1);
  return Uint8Array.from({ length }, () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return word & 0xff;
  });
}
