/** The L2 header as the oracle makes it: standard Cancun fields, of which some carry the rollup's values. */
import { RLP } from "@ethereumjs/rlp";
import { concatBytes, type Hex, keccak256 } from "@sequorum/protocol";
import type { BlockHeader } from "../../src/types.ts";
import { fixedBytes, fromHex, integerBytes, toHex } from "./bytes.ts";

const emptyUnclesHash = fromHex(
  "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
);
const zeroNonce = new Uint8Array(8);

/** extraData: format version 1, term (8, big-endian), forced-queue position after the block (8), zero (15). */
export function encodeExtraData(term: bigint, queuePosition: bigint): Hex {
  return toHex(
    concatBytes(
      Uint8Array.of(1),
      fixedBytes(term, 8),
      fixedBytes(queuePosition, 8),
      new Uint8Array(15),
    ),
  );
}

/** prevRandao of a block: keccak256(parent's prevRandao || term as 8 bytes big-endian). */
export function nextPrevRandao(parentPrevRandao: Hex, term: bigint): Hex {
  return keccak256(concatBytes(fromHex(parentPrevRandao), fixedBytes(term, 8)));
}

/** Base fee of the block after `parent` (EIP-1559: elasticity 2, largest change an eighth). */
export function nextBaseFeePerGas(
  parent: Pick<BlockHeader, "gasLimit" | "gasUsed" | "baseFeePerGas">,
): bigint {
  const { gasUsed, baseFeePerGas } = parent;
  const target = parent.gasLimit / 2n;
  if (gasUsed === target) return baseFeePerGas;
  if (gasUsed < target) {
    return baseFeePerGas - (baseFeePerGas * (target - gasUsed)) / target / 8n;
  }
  const change = (baseFeePerGas * (gasUsed - target)) / target / 8n;
  return baseFeePerGas + (change > 1n ? change : 1n);
}

/** keccak256 of the header's RLP, fields in Cancun's order. */
export function hashHeader(header: BlockHeader): Hex {
  return keccak256(
    RLP.encode([
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
    ]),
  );
}
