import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BatcherService } from "@sequorum/proto/batcher";
import type { BatchHeader, PoolPayload } from "@sequorum/protocol";
import {
  batchDigest,
  bytesToHex,
  chunkRoot,
  decodeBatch,
  encodeBatchHeader,
  hexToBytes,
  recoverAddress,
  zeroHash,
} from "@sequorum/protocol";
import { createGrpcClient, RpcError } from "@sequorum/service";
import { freePort } from "@sequorum/testkit/servers";
import { makeSampleChain } from "../src/testing/sample-chain.ts";
import { domain, self, startOperator, type TestOperator } from "./operator.ts";

let operator: TestOperator;
let batcher: Awaited<ReturnType<TestOperator["startBatcher"]>>;
let client: ReturnType<typeof createGrpcClient<typeof BatcherService>>;
let proposed: BatchHeader;

before(async () => {
  const port = await freePort();
  operator = await startOperator(port);
  operator.chain.push(...makeSampleChain(12));
  batcher = await operator.startBatcher();
  client = createGrpcClient(BatcherService, `127.0.0.1:${port}`);
});

after(async () => {
  client?.close();
  await batcher?.[Symbol.asyncDispose]();
  await operator?.[Symbol.asyncDispose]();
});

async function until<T>(
  what: string,
  find: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(20)) {
    const found = await find();
    if (found !== undefined) return found;
  }
  return assert.fail(`timed out waiting for ${what}`);
}

const payloadOf = <Type extends PoolPayload["type"]>(type: Type, index: bigint, attempt: number) =>
  operator.pool.payloads.find((payload): payload is Extract<PoolPayload, { type: Type }> => {
    if (payload.type !== type) return false;
    const at =
      payload.type === "batchProposal"
        ? { index: payload.header.index, attempt: payload.attempt }
        : payload;
    return "index" in at && at.index === index && at.attempt === attempt;
  });

function opening(index: bigint, attempt: number, change: Partial<BatchHeader> = {}) {
  const value = {
    batchIndex: index,
    attempt,
    proposer: hexToBytes(change.proposer ?? self),
    firstBlock: change.firstBlock ?? 1n,
    openedAtMs: BigInt(Date.now()),
    parentHash: hexToBytes(change.parentHash ?? zeroHash),
    queueFrom: change.queueFrom ?? 0n,
    epoch: 1n,
    parentBlockHash: hexToBytes(change.parentBlockHash ?? zeroHash),
  };
  return { case: "batchOpened", value } as unknown as Parameters<TestOperator["decide"]>[0];
}

function certifying(from: number, to: number) {
  const hashes = operator.chain.slice(from - 1, to).map(({ block }) => hexToBytes(block.hash));
  return {
    case: "blocksCertified",
    value: { from: BigInt(from), hashes },
  } as unknown as Parameters<TestOperator["decide"]>[0];
}

function proposing(header: BatchHeader, attempt: number) {
  const digest = hexToBytes(batchDigest(header, domain));
  const value = {
    attempt,
    header: { abi: encodeBatchHeader(header), index: header.index, digest },
  };
  return { case: "batchProposed", value } as unknown as Parameters<TestOperator["decide"]>[0];
}

test("the designated proposer's batcher proposes its certified blocks", async () => {
  await operator.decide(certifying(1, 5));
  await operator.decide(opening(1n, 0));
  const payload = await until("the proposal", () => payloadOf("batchProposal", 1n, 0));
  proposed = payload.header;
  assert.equal(proposed.lastBlock, 5n);
  const { data, header } = await client.getBatch({ index: 1n });
  assert.equal(chunkRoot(data), proposed.daRoot);
  assert.equal(
    bytesToHex(header?.abi ?? new Uint8Array(0)),
    bytesToHex(encodeBatchHeader(proposed)),
  );
  assert.ok(!("rejected" in decodeBatch(data)));
});

test("B1 a decided proposal is endorsed with the sequencer key, and the digest is given to the signer", async () => {
  await assert.rejects(
    client.getEndorsedDigest({ index: 1n, attempt: 0 }),
    (error) => error instanceof RpcError && error.status === "NOT_FOUND",
  );
  await operator.decide(proposing(proposed, 0));
  const { digest, signature } = await until("the endorsement", () =>
    payloadOf("batchEndorsement", 1n, 0),
  );
  assert.equal(digest, batchDigest(proposed, domain));
  assert.equal(recoverAddress(digest, signature), self);
  assert.equal(
    bytesToHex((await client.getEndorsedDigest({ index: 1n, attempt: 0 })).digest),
    digest,
  );
});

test("a wrong header is refused with a code, and no digest is given to the signer", async () => {
  await operator.decide(opening(1n, 1));
  await operator.decide(proposing({ ...proposed, postStateRoot: zeroHash }, 1));
  const { code } = await until("the refusal", () => payloadOf("batchRefusal", 1n, 1));
  assert.equal(code, "POST_STATE_ROOT_DIFFERS");
  await assert.rejects(client.getEndorsedDigest({ index: 1n, attempt: 1 }), /NOT_ENDORSED/);
  const { refusedTotal, endorsedTotal } = await client.getStatus({});
  assert.deepEqual([endorsedTotal, refusedTotal], [1n, 1n]);
});

test("B2 B7 what was recorded before a crash is sent after the restart, and nothing else is said", async () => {
  operator.pool.isAway = true;
  await operator.decide(opening(1n, 2, { proposer: `0x${"dd".repeat(20)}` }));
  const header = { ...proposed, proposer: `0x${"dd".repeat(20)}` as const };
  await operator.decide(proposing(header, 2));
  await until("the recorded endorsement", () =>
    client.getEndorsedDigest({ index: 1n, attempt: 2 }).catch(() => undefined),
  );
  await batcher[Symbol.asyncDispose]();
  operator.pool.isAway = false;
  batcher = await operator.startBatcher();
  const { digest } = await until("the endorsement", () => payloadOf("batchEndorsement", 1n, 2));
  assert.equal(digest, batchDigest(header, domain));
  await delay(500);
  const answers = operator.pool.payloads.filter(
    (payload) => "attempt" in payload && payload.attempt === 2,
  );
  assert.equal(answers.length, 1);
});

test("the next batch starts where the last one ended, and final batches are forgotten", async () => {
  await operator.decide(certifying(6, 12));
  const parentHash = batchDigest(proposed, domain);
  const change = {
    firstBlock: 6n,
    parentHash,
    parentBlockHash: proposed.lastBlockHash,
    queueFrom: proposed.queueTo,
  };
  await operator.decide(opening(2n, 0, change));
  const { header } = await until("the proposal", () => payloadOf("batchProposal", 2n, 0));
  assert.equal(header.parentBlockHash, proposed.lastBlockHash);
  assert.deepEqual([header.firstBlock, header.lastBlock, header.queueFrom], [6n, 12n, 1n]);
  const final = { case: "batchFinal", value: { batchIndex: 1n, lastBlock: 5n } };
  await operator.decide(final as unknown as Parameters<TestOperator["decide"]>[0]);
  await until("the pruning", () =>
    client.getBatch({ index: 1n }).then(
      () => undefined,
      () => true,
    ),
  );
  assert.equal((await client.getStatus({})).openIndex, 2n);
});

test("a batch that was decided without this operator's endorsement can be computed for posting", async () => {
  const parentHash = batchDigest(proposed, domain);
  const change = {
    firstBlock: 6n,
    parentHash,
    parentBlockHash: proposed.lastBlockHash,
    queueFrom: proposed.queueTo,
  };
  await operator.decide(opening(2n, 1, change));
  const proposal = await until("the proposal", () => payloadOf("batchProposal", 2n, 1));
  const { data } = await client.getBatch({
    index: 2n,
    digest: hexToBytes(batchDigest(proposal.header, domain)),
  });
  assert.equal(chunkRoot(data), proposal.header.daRoot);
  await assert.rejects(client.getBatch({ index: 9n }), /BATCH_NOT_COMPUTED/);
  await assert.rejects(client.getBatch({ index: 0n }), /INDEX_ZERO/);
});
