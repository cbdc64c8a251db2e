import assert from "node:assert/strict";
import { test } from "node:test";
import type { SealedBlock } from "@sequorum/proto/types";
import { type Hex, hexToBytes, zeroHash } from "@sequorum/protocol";
import { createExecutor, createMemoryStateStore, encodeBlock } from "@sequorum/stf";
import { createFeedHub, type FeedMessage } from "../src/adapters/feed-hub.ts";
import { arrivedBlockOf, arrivedHeartbeatOf, blockBytesMax } from "../src/adapters/feed-wire.ts";
import { heartbeatDigest, sealDigest, sealSigner, signSeal } from "../src/seals.ts";
import { addressOf, keyOf, l2ChainId } from "./network.ts";

const beat: FeedMessage = {
  type: "heartbeat",
  heartbeat: { term: 1n, sequence: 0n, headHeight: 0n, headHash: zeroHash },
  signature: "0x",
};
const context = {
  chainId: l2ChainId,
  domain: { l1ChainId: 31_337n, rollupChain: `0x${"11".repeat(20)}` as Hex },
};

async function wireBlock(): Promise<SealedBlock> {
  const executor = createExecutor({ store: createMemoryStateStore(), chainId: l2ChainId });
  const genesis = { timestamp: 1n, gasLimit: 30_000_000n, baseFeePerGasWei: 1n, alloc: [] };
  const { block } = await executor.genesisBlock(genesis);
  return {
    $typeName: "sequorum.types.v1alpha1.SealedBlock",
    rlp: encodeBlock(block),
    term: 0n,
    signature: new Uint8Array(65),
    l1OriginNumber: 0n,
    hash: hexToBytes(block.hash),
    height: 0n,
    forcedTransactions: 0,
  };
}

test("a block that is malformed, oversized or not what its envelope says is refused with its code", async () => {
  const good = await wireBlock();
  assert.equal(typeof arrivedBlockOf(good), "object");
  const cases: [string, Partial<SealedBlock>][] = [
    ["OVERSIZED", { rlp: new Uint8Array(blockBytesMax + 1) }],
    ["MALFORMED", { rlp: good.rlp.subarray(1) }],
    ["MALFORMED", { signature: new Uint8Array(64) }],
    ["SEAL_MISMATCH", { term: 1n }],
    ["SEAL_MISMATCH", { height: 1n }],
    ["SEAL_MISMATCH", { hash: new Uint8Array(32) }],
  ];
  for (const [code, change] of cases) assert.equal(arrivedBlockOf({ ...good, ...change }), code);
});

test("a heartbeat with a short hash or signature is refused", () => {
  const good = {
    $typeName: "sequorum.feed.v1alpha1.Heartbeat" as const,
    term: 1n,
    sequence: 0n,
    headHeight: 0n,
    headHash: new Uint8Array(32),
    signature: new Uint8Array(65),
  };
  assert.notEqual(arrivedHeartbeatOf(good), undefined);
  assert.equal(arrivedHeartbeatOf({ ...good, headHash: new Uint8Array(31) }), undefined);
  assert.equal(arrivedHeartbeatOf({ ...good, signature: new Uint8Array(64) }), undefined);
});

test("a seal is bound to chain, domain, term, height and block", () => {
  const seal = { term: 3n, height: 9n, blockHash: zeroHash };
  const key = keyOf(1);
  const signature = signSeal(context, seal, key);
  assert.equal(sealSigner(context, seal, signature), addressOf(key));
  const others = [
    sealSigner({ ...context, chainId: 1n }, seal, signature),
    sealSigner({ ...context, domain: { ...context.domain, l1ChainId: 1n } }, seal, signature),
    sealSigner(context, { ...seal, term: 4n }, signature),
    sealSigner(context, { ...seal, height: 8n }, signature),
    sealSigner(context, { ...seal, blockHash: `0x${"01".repeat(32)}` }, signature),
  ];
  for (const signer of others) assert.notEqual(signer, addressOf(key));
  const digest = sealDigest(context, { term: 3n, height: 9n, blockHash: zeroHash });
  assert.notEqual(
    digest,
    heartbeatDigest(context, { term: 3n, sequence: 9n, headHeight: 0n, headHash: zeroHash }),
  );
});

test("a follower gets what is published after it began, but not what it sent itself", async () => {
  const hub = createFeedHub();
  const peer: Hex = "0x01";
  const abort = new AbortController();
  const messages = hub.follow(peer, abort.signal);
  hub.publish(beat, peer);
  hub.publish({ ...beat, signature: "0x02" }, undefined);
  const first = await messages.next();
  assert.equal(first.value?.type === "heartbeat" && first.value.signature, "0x02");
  abort.abort();
  assert.equal((await messages.next()).done, true);
  assert.equal(hub.followers(), 0);
});

test("a follower that does not read is cut off instead of filling the memory", async () => {
  const hub = createFeedHub();
  const messages = hub.follow(undefined, new AbortController().signal);
  for (let i = 0; i < 2_000; i++) hub.publish(beat, undefined);
  let received = 0;
  for await (const _ of messages) received += 1;
  assert.ok(received <= 512, `${received}`);
  assert.equal(hub.followers(), 0);
});
