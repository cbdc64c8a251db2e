/** pos-consensus as a black box: a pool of one with real Postgres, NATS and anvil. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesToHex,
  encodePayload,
  findCertificateFault,
  merkleRoot,
  signingDomain,
} from "@sequorum/protocol";
import { self, startOperator, testBlocks } from "./operator.ts";

test("a pool of one certifies what its orderer holds, changes terms, and goes on after a restart", {
  timeout: 120_000,
}, async (t) => {
  await using operator = await startOperator();
  const { client, orderer } = operator;
  let service = await operator.start();

  await t.test("the stream begins with the members and the first term", async () => {
    const members = await operator.nextDecision(({ type }) => type === "membersSet");
    assert.ok(members.type === "membersSet" && members.members[0]?.address === self);
    const term = await operator.nextDecision(({ type }) => type === "termStarted");
    assert.ok(term.type === "termStarted" && term.leader === self && term.reason === "genesis");
  });

  await t.test(
    "blocks that the orderer tells of are certified, with a certificate that holds",
    async () => {
      const blocks = testBlocks(1, 3);
      await orderer.extend(0n, blocks);
      const third = await operator.nextDecision(
        (decision) =>
          decision.type === "blocksCertified" && decision.hashes.includes(blocks[2]?.hash ?? "0x"),
      );
      assert.ok(third.type === "blocksCertified");
      const { certificate, hashes } = await client.getCommitCertificate({ l2Height: 3n });
      assert.ok(certificate !== undefined);
      assert.equal(bytesToHex(certificate.blockId), third.blockId);
      assert.deepEqual(merkleRoot(hashes), merkleRoot([...third.hashes]));
      const converted = {
        height: certificate.height,
        round: certificate.round,
        blockId: bytesToHex(certificate.blockId),
        signatures: certificate.signatures.map(({ voter, signature }) => ({
          validator: bytesToHex(voter),
          signature: bytesToHex(signature),
        })),
      };
      const validators = [{ address: self, power: 1n }];
      assert.equal(
        findCertificateFault(signingDomain(operator.network), converted, validators),
        undefined,
      );
      await assert.rejects(client.getCommitCertificate({ l2Height: 4n }), { status: "NOT_FOUND" });
    },
  );

  await t.test("a silent leader ends its term", async () => {
    await orderer.reportSilent(1n);
    const second = await operator.nextDecision((d) => d.type === "termStarted" && d.term === 2n);
    assert.ok(
      second.type === "termStarted" && second.reason === "silence" && second.firstBlock === 4n,
    );
    assert.equal((await client.getTerm({})).term, 2n);
  });

  await t.test("a malformed payload is refused, an obsolete one is taken and dropped", async () => {
    await assert.rejects(client.submitPayload({ payload: Uint8Array.of(1, 2, 3) }), {
      status: "INVALID_ARGUMENT",
    });
    const { transactionHash } = await client.submitPayload({
      payload: encodePayload({ type: "leaderSilent", term: 1n }),
    });
    assert.equal(transactionHash.length, 32);
  });

  await t.test(
    "T8 an acknowledged payload outlives a restart and takes effect when its moment comes",
    async () => {
      await client.submitPayload({ payload: encodePayload({ type: "leaderSilent", term: 3n }) });
      await service[Symbol.asyncDispose]();
      orderer.hold(testBlocks(4, 5, 2n));
      service = await operator.start();
      await operator.nextDecision(
        (d) => d.type === "blocksCertified" && d.from + BigInt(d.hashes.length) === 6n,
      );
      await orderer.reportSilent(2n);
      const fourth = await operator.nextDecision((d) => d.type === "termStarted" && d.term === 4n);
      assert.ok(fourth.type === "termStarted" && fourth.reason === "silence");
    },
  );

  await t.test("a restart needs neither orderer events nor L1", async () => {
    const { height } = await client.getStatus({});
    await service[Symbol.asyncDispose]();
    await operator.stopL1();
    service = await operator.start();
    const status = await client.getStatus({});
    assert.ok(status.height >= height && status.synced);
    assert.equal((await client.getMembers({})).members.length, 1);
    await assert.rejects(client.getBatch({ index: 1n }), { status: "NOT_FOUND" });
  });
  await service[Symbol.asyncDispose]();
});
