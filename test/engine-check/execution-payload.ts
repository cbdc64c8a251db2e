/**
 * An L2 block as the Engine API takes it: execution-apis, src/engine/cancun.md, ExecutionPayloadV3 and
 * engine_newPayloadV3. Quantities are in hex without leading zeros.
 */
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  rlpEncode,
  rlpUint,
} from "@sequorum/protocol";
import { emptyTrieRoot, type L2Block } from "@sequorum/stf";
import { orderedRoot } from "./ordered-root.ts";

/** ExecutionPayloadV3 of a block without withdrawals and blobs, as all L2 blocks are. */
export type ExecutionPayload = {
  readonly parentHash: Hex;
  readonly feeRecipient: Hex;
  readonly stateRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
  readonly prevRandao: Hex;
  readonly blockNumber: string;
  readonly gasLimit: string;
  readonly gasUsed: string;
  readonly timestamp: string;
  readonly extraData: Hex;
  readonly baseFeePerGas: string;
  readonly blockHash: Hex;
  readonly transactions: readonly Hex[];
  readonly withdrawals: readonly never[];
  readonly blobGasUsed: string;
  readonly excessBlobGas: string;
};

/** Parameters of engine_newPayloadV3: payload, blob hashes, parentBeaconBlockRoot. */
export type NewPayload = readonly [ExecutionPayload, readonly never[], Hex];

/** keccak256(rlp([])). */
const emptyUnclesHash: Hex = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";

/** The parameters that offer `block` to a client. */
export function newPayload({ header, hash, transactions }: L2Block): NewPayload {
  return [
    {
      parentHash: header.parentHash,
      feeRecipient: header.coinbase,
      stateRoot: header.stateRoot,
      receiptsRoot: header.receiptsRoot,
      logsBloom: header.logsBloom,
      prevRandao: header.prevRandao,
      blockNumber: quantity(header.number),
      gasLimit: quantity(header.gasLimit),
      gasUsed: quantity(header.gasUsed),
      timestamp: quantity(header.timestamp),
      extraData: header.extraData,
      baseFeePerGas: quantity(header.baseFeePerGas),
      blockHash: hash,
      transactions: transactions.map(bytesToHex),
      withdrawals: [],
      blobGasUsed: "0x0",
      excessBlobGas: "0x0",
    },
    [],
    header.originHash,
  ];
}

/** Hash of the block that a client makes of the parameters (EIP-3675, 4895, 4844, 4788 say which header fields). */
export function hashOfPayload([payload, , parentBeaconBlockRoot]: NewPayload): Hex {
  const integer = (text: string) => rlpUint(BigInt(text));
  const fields = [
    hexToBytes(payload.parentHash),
    hexToBytes(emptyUnclesHash),
    hexToBytes(payload.feeRecipient),
    hexToBytes(payload.stateRoot),
    hexToBytes(orderedRoot(payload.transactions.map(hexToBytes))),
    hexToBytes(payload.receiptsRoot),
    hexToBytes(payload.logsBloom),
    rlpUint(0n), // difficulty
    integer(payload.blockNumber),
    integer(payload.gasLimit),
    integer(payload.gasUsed),
    integer(payload.timestamp),
    hexToBytes(payload.extraData),
    hexToBytes(payload.prevRandao),
    new Uint8Array(8), // nonce
    integer(payload.baseFeePerGas),
    hexToBytes(emptyTrieRoot), // withdrawals
    integer(payload.blobGasUsed),
    integer(payload.excessBlobGas),
    hexToBytes(parentBeaconBlockRoot),
  ];
  return keccak256(rlpEncode(fields));
}

/** The same parameters with another state root and the hash that goes with it: a payload that no client may accept. */
export function withOtherStateRoot([payload, blobs, root]: NewPayload): NewPayload {
  const other = { ...payload, stateRoot: emptyTrieRoot };
  return [{ ...other, blockHash: hashOfPayload([other, blobs, root]) }, blobs, root];
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
