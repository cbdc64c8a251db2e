/** Feeds blocks to a client through its Engine API, and compares what it says with what we say. */
import type { Hex } from "@sequorum/protocol";
import type { L2Block } from "@sequorum/stf";
import { hashOfPayload, newPayload, withOtherStateRoot } from "./execution-payload.ts";
import type { CallRpc } from "./json-rpc.ts";

type PayloadStatus = {
  readonly status: string;
  readonly latestValidHash: Hex | null;
  readonly validationError: string | null;
};

const zeroHash: Hex = `0x${"0".repeat(64)}`;

/** Offers a block and makes it the head. Throws with the client's reason when it refuses. */
export async function feedBlock(rpc: CallRpc, block: L2Block): Promise<void> {
  const payload = newPayload(block);
  const { number } = block.header;
  const hash = hashOfPayload(payload);
  if (hash !== block.hash)
    throw new Error(`block ${number}: the pool says ${block.hash}, its contents say ${hash}`);
  expectValid(block, "payload", await rpc<PayloadStatus>("engine_newPayloadV3", payload));
  const state = { headBlockHash: hash, safeBlockHash: zeroHash, finalizedBlockHash: zeroHash };
  const { payloadStatus } = await rpc<{ payloadStatus: PayloadStatus }>(
    "engine_forkchoiceUpdatedV3",
    [state, null],
  );
  expectValid(block, "head", payloadStatus);
}

/** Throws unless the client's newest block is `block`. */
export async function checkHead(rpc: CallRpc, block: L2Block): Promise<void> {
  const head = await rpc<Record<string, Hex>>("eth_getBlockByNumber", ["latest", false]);
  const { number, stateRoot } = block.header;
  const ours = `${number} ${block.hash} with state ${stateRoot}`;
  const theirs = `${BigInt(head["number"] ?? -1)} ${head["hash"]} with state ${head["stateRoot"]}`;
  if (ours !== theirs) throw new Error(`the client's head is ${theirs}, ours is ${ours}`);
}

/** Throws unless the client refuses `block` with another state root: else its answers would say nothing. */
export async function checkRefusal(rpc: CallRpc, block: L2Block): Promise<void> {
  const payload = withOtherStateRoot(newPayload(block));
  const { status } = await rpc<PayloadStatus>("engine_newPayloadV3", payload);
  if (status !== "INVALID") throw new Error(`a false state root is ${status} to the client`);
}

function expectValid(block: L2Block, what: string, answer: PayloadStatus): void {
  if (answer.status === "VALID" && answer.latestValidHash === block.hash) return;
  throw new Error(`block ${block.header.number} as ${what}: ${JSON.stringify(answer)}`);
}
