/** The L2 header: standard Cancun fields, of which some carry the rollup's values. ARCHITECTURE section 5. */
import { concatBytes, type Hex, keccak256, rlpEncode } from "@sequorum/protocol";
import { fixedBytes, fromHex, integerBytes, toHex, toInteger } from "./bytes.ts";
import type { BlockHeader } from "./types.ts";

/** Version of the extraData layout. */
export const formatVersion = 1;
/** Root of the empty Merkle-Patricia trie. */
export const emptyTrieRoot: Hex =
  "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const emptyUnclesHash = fromHex(
  "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
);
const zeroNonce = new Uint8Array(8);
/** EIP-1559: elasticity and largest change of the base fee. */
const elasticityMultiplier = 2n;
const baseFeeChangeDenominator = 8n;

/** extraData: format version (1), term (8, big-endian), forced-queue position after the block (8), zero (15). */
export function encodeExtraData(term: bigint, queuePosition: bigint): Hex {
  return toHex(
    concatBytes(
      Uint8Array.of(formatVersion),
      fixedBytes(term, 8),
      fixedBytes(queuePosition, 8),
      new Uint8Array(15),
    ),
  );
}

/** Term and queue position, or undefined when the layout is another. */
export function decodeExtraData(
  extraData: Hex,
): { readonly term: bigint; readonly queuePosition: bigint } | undefined {
  const bytes = fromHex(extraData);
  if (bytes.length !== 32 || bytes[0] !== formatVersion) return undefined;
  if (bytes.subarray(17).some((byte) => byte !== 0)) return undefined;
  return {
    term: toInteger(bytes.subarray(1, 9)),
    queuePosition: toInteger(bytes.subarray(9, 17)),
  };
}

/** Base fee of the block after `parent` (EIP-1559). */
export function nextBaseFeePerGas(
  parent: Pick<BlockHeader, "gasLimit" | "gasUsed" | "baseFeePerGas">,
): bigint {
  const target = parent.gasLimit / elasticityMultiplier;
  const { gasUsed, baseFeePerGas } = parent;
  if (gasUsed === target) return baseFeePerGas;
  const distance = gasUsed > target ? gasUsed - target : target - gasUsed;
  const change = (baseFeePerGas * distance) / target / baseFeeChangeDenominator;
  if (gasUsed > target) return baseFeePerGas + (change > 1n ? change : 1n);
  return baseFeePerGas - change;
}

/** RLP fields of a header, in Cancun's order. */
export function headerFields(header: BlockHeader): Uint8Array[] {
  return [
    fromHex(header.parentHash),
    emptyUnclesHash,
    fromHex(header.coinbase),
    fromHex(header.stateRoot),
    fromHex(header.transactionsRoot),
    fromHex(header.receiptsRoot),
    fromHex(header.logsBloom),
    new Uint8Array(0), // difficulty
    integerBytes(header.number),
    integerBytes(header.gasLimit),
    integerBytes(header.gasUsed),
    integerBytes(header.timestamp),
    fromHex(header.extraData),
    fromHex(header.prevRandao),
    zeroNonce,
    integerBytes(header.baseFeePerGas),
    fromHex(header.withdrawalsRoot),
    new Uint8Array(0), // blobGasUsed
    new Uint8Array(0), // excessBlobGas
    fromHex(header.originHash),
  ];
}

/** keccak256 of the header's RLP. */
export function hashHeader(header: BlockHeader): Hex {
  return keccak256(rlpEncode(headerFields(header)));
}

/** A header from its RLP fields; undefined when it is not an L2 header in canonical form. */
export function parseHeaderFields(fields: readonly Uint8Array[]): BlockHeader | undefined {
  if (fields.length !== 20) return undefined;
  const sizes = [32, 32, 20, 32, 32, 32, 256, -1, -1, -1, -1, -1, 32, 32, 8, -1, 32, -1, -1, 32];
  const isSized = sizes.every((size, i) => {
    const field = fields[i];
    if (field === undefined) return false;
    return size < 0 ? field.length <= 32 && field[0] !== 0 : field.length === size;
  });
  if (!isSized) return undefined;
  const hex = (index: number) => toHex(fields[index] ?? new Uint8Array(0));
  const integer = (index: number) => toInteger(fields[index] ?? new Uint8Array(0));
  const extra = decodeExtraData(hex(12));
  if (extra === undefined) return undefined;
  if (hex(1) !== toHex(emptyUnclesHash) || integer(7) !== 0n || integer(14) !== 0n)
    return undefined;
  if (integer(17) !== 0n || integer(18) !== 0n) return undefined;
  return {
    parentHash: hex(0),
    coinbase: hex(2),
    stateRoot: hex(3),
    transactionsRoot: hex(4),
    receiptsRoot: hex(5),
    logsBloom: hex(6),
    number: integer(8),
    gasLimit: integer(9),
    gasUsed: integer(10),
    timestamp: integer(11),
    extraData: hex(12),
    prevRandao: hex(13),
    baseFeePerGas: integer(15),
    withdrawalsRoot: hex(16),
    originHash: hex(19),
    ...extra,
  };
}
